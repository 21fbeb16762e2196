import Foundation

/// The program behind `Tools/fuzz`: libFuzzer around one target.
///
///     fuzzer --list                      the targets
///     fuzzer --seeds NAME DIRECTORY KEPT writes the target's valid and kept inputs
///     fuzzer NAME ARGUMENT...            runs it with libFuzzer's arguments
@main struct Fuzzer {
    nonisolated(unsafe) private static var target: FuzzTarget?

    static func main() {
        let arguments = CommandLine.arguments
        if arguments.count == 2, arguments[1] == "--list" {
            for target in FuzzTarget.all { print("\(target.name)\t\(target.summary)") }
            return
        }
        let isWriting = arguments.count == 5 && arguments[1] == "--seeds"
        guard let name = arguments.dropFirst(isWriting ? 2 : 1).first,
            let target = FuzzTarget.all.first(where: { $0.name == name })
        else {
            print("usage: fuzzer --list | --seeds NAME DIRECTORY KEPT | NAME ARGUMENT...")
            exit(64)
        }
        if isWriting {
            writeSeeds(of: target, kept: arguments[4], to: arguments[3])
        } else {
            run(target, Array(arguments.dropFirst(2)))
        }
    }

    private static func writeSeeds(of target: FuzzTarget, kept: String, to directory: String) {
        guard let text = try? String(contentsOfFile: kept, encoding: .utf8) else {
            print("\(kept) cannot be read")
            exit(66)
        }
        for (index, input) in (target.seeds() + FuzzTarget.inputs(in: text)).enumerated() {
            let file = URL(fileURLWithPath: "\(directory)/seed-\(index)")
            guard (try? Data(input).write(to: file)) != nil else { exit(74) }
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
            // A build with optimization traps without a word.
            FileHandle.standardError.write(Data("broken: \(error)\n".utf8))
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
