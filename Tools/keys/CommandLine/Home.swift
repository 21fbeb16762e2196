import Foundation

/// The folder of one node or one person: configuration, keys, data.
public enum Home {
    /// `--home`, else `$ALTHING_HOME`, else `~/.althing/default`; `~` is the user's own folder.
    public static func path(
        _ option: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        let named = [option, environment["ALTHING_HOME"]].compactMap { $0 }.first { !$0.isEmpty }
        return NSString(string: named ?? "~/.althing/default").expandingTildeInPath
    }
}
