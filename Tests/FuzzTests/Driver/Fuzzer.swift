import Glibc

/// The program behind `Tools/fuzz`: libFuzzer around one target.
///
///     fuzzer --list                      the targets
///     fuzzer --seeds NAME DIRECTORY      writes the target's valid inputs
///     fuzzer NAME ARGUMENT...            runs it with libFuzzer's arguments
@main struct Fuzzer {
    nonisolated(unsafe) private static var target: FuzzTarget?

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 2, arguments[1] == "--list" {
            for target in FuzzTarget.all { print("\(target.name)\t\(target.summary)") }
            return
        }
        let isWriting = arguments.count == 4 && arguments[1] == "--seeds"
        guard let name = arguments.dropFirst(isWriting ? 2 : 1).first,
            let target = FuzzTarget.all.first(where: { $0.name == name })
        else {
            print("usage: fuzzer --list | --seeds NAME DIRECTORY | NAME ARGUMENT...")
            exit(64)
        }
        if isWriting {
            writeSeeds(of: target, to: arguments[3])
        } else {
            run(target, Array(arguments.dropFirst(2)))
        }
    }

    private static func writeSeeds(of target: FuzzTarget, to directory: String) {
        for (index, seed) in target.seeds().enumerated() {
            // Safe because the file is closed before the buffer ends.
            guard let file = unsafe fopen("\(directory)/seed-\(index)", "w") else { exit(74) }
            _ = unsafe fwrite(seed, 1, seed.count, file)
            _ = unsafe fclose(file)
        }
    }

    private static func run(_ target: FuzzTarget, _ more: [String]) {
        unsafe self.target = target
        let words = [CommandLine.arguments[0], "-max_len=\(target.bytesMax)"] + more
        // Safe because libFuzzer reads the words while this runs, and they are never freed.
        var list = words.map { strdup($0) } + [nil]
        var count = Int32(words.count)
        let result = unsafe list.withUnsafeMutableBufferPointer { buffer in
            guard var base = buffer.baseAddress else { return Int32(64) }
            return unsafe runDriver(&count, &base) { bytes, size in
                let input = unsafe [UInt8](UnsafeBufferPointer(start: bytes, count: size))
                Fuzzer.handle(input)
                return 0
            }
        }
        exit(result)
    }

    private static func handle(_ input: [UInt8]) {
        do throws(FuzzFailure) {
            try unsafe target?.run(input)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

/// libFuzzer's own loop, which calls back with one input after the other.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ body: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
