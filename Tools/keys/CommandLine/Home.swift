import Foundation

/// The folder of one node or one person: configuration, keys, data.
public enum Home {
    /// `--home`, else `$ALTHING_HOME`, else `~/.althing/default`; `~` is the user's own folder.
    public static func path(
        _ option: String?,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        let named = [option, environment["ALTHING_HOME"]].compactMap { $0 }.first { !$0.isEmpty }
        return expanded(named ?? "~/.althing/default", environment: environment)
    }

    /// The path with `~` at its start replaced by `$HOME`, as a shell does it.
    public static func expanded(
        _ path: String,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String {
        guard path == "~" || path.hasPrefix("~/") else { return path }
        return (environment["HOME"] ?? NSHomeDirectory()) + path.dropFirst()
    }
}
