extension BannedWord {
    static let all = everywhere + pure

    private static let everywhere = [
        BannedWord(word: "Double", instead: "integers, or a pair for a ratio"),
        BannedWord(word: "Float", instead: "integers, or a pair for a ratio"),
        BannedWord(word: "CGFloat", instead: "integers, or a pair for a ratio"),
        BannedWord(word: "try", suffix: "!", instead: "catch the error"),
        BannedWord(word: "as", suffix: "!", instead: "`as?` and a guard"),
        BannedWord(word: "fatalError", instead: "`preconditionFailure` that states the invariant"),
        BannedWord(word: "unowned", instead: "a strong or weak reference"),
        BannedWord(word: "inlinable", instead: "nothing: the release build specialises"),
        BannedWord(word: "package", suffix: " ", except: ["Package.swift"], instead: "`public`"),
    ]

    private static let clockInstead = "time is an argument of pure code"
    private static let chanceInstead = "pure code has no chance; pass the seed"
    private static let taskInstead = "pure code has no tasks; return an effect"
    private static let shared = Imports.pureFolders.filter { $0 != "Sources/Cryptography" }

    /// The simulator too has no clock and no chance but its own.
    private static let timeless = Imports.pureFolders + ["Sources/Simulator"]

    private static let pure = [
        BannedWord(word: "Date", within: timeless, instead: clockInstead),
        BannedWord(word: "ContinuousClock", within: timeless, instead: clockInstead),
        BannedWord(word: "SuspendingClock", within: timeless, instead: clockInstead),
        BannedWord(word: "clock_gettime", within: timeless, instead: clockInstead),
        BannedWord(word: "gettimeofday", within: timeless, instead: clockInstead),
        BannedWord(word: "DispatchTime", within: timeless, instead: clockInstead),
        BannedWord(word: "DispatchWallTime", within: timeless, instead: clockInstead),
        BannedWord(word: "MonotonicClock", within: timeless, instead: clockInstead),
        BannedWord(word: "ProcessInfo", within: timeless, instead: clockInstead),
        BannedWord(word: "random", within: shared, instead: chanceInstead),
        BannedWord(word: "randomElement", within: Imports.pureFolders, instead: chanceInstead),
        BannedWord(word: "shuffled", within: Imports.pureFolders, instead: chanceInstead),
        BannedWord(word: "shuffle", suffix: "()", within: shared, instead: chanceInstead),
        BannedWord(
            word: "SystemRandomNumberGenerator", within: timeless,
            instead: chanceInstead),
        BannedWord(
            word: "SecureRandom", within: shared + ["Sources/Simulator"], instead: chanceInstead),
        BannedWord(word: "Task", within: timeless, instead: taskInstead),
        BannedWord(word: "async", within: timeless, instead: taskInstead),
        BannedWord(word: "await", within: timeless, instead: taskInstead),
        BannedWord(word: "actor", within: timeless, instead: taskInstead),
        BannedWord(
            word: "class", suffix: " ", within: shared,
            instead: "a struct or an enum"),
        // The file declares functions of this name, which make text.
        BannedWord(
            word: "print", suffix: "(", within: Imports.pureFolders,
            except: ["Sources/Chain/ParameterText.swift"], instead: "an effect"),
        BannedWord(
            word: "unsafe", within: shared.filter { $0 != "Sources/Codec" },
            // The switch of the mutation check is a global variable.
            except: ["Sources/Chain/Mutant.swift"],
            instead: "unsafe code is in Codec, Cryptography, Storage and Networking"),
    ]
}
