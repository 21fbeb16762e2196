import Foundation
import Testing

/// The files in the folder `Vectors`, each with its source inside.
enum Vectors {
    static func load<Value: Decodable>(
        _ name: String, as type: Value.Type = Value.self
    ) throws -> Value {
        let url = try #require(
            Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors"))
        return try JSONDecoder().decode(Value.self, from: Data(contentsOf: url))
    }
}
