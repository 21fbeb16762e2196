import Foundation
import KeyTool

extension Console {
    /// Asks a question that only `y` or `yes` answers with yes.
    static func confirm(_ question: String) -> Bool {
        note(question + " [y/N]")
        let answer = readLine()?.lowercased() ?? ""
        return answer == "y" || answer == "yes"
    }
}
