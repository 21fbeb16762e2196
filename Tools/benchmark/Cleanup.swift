import Dispatch
import Foundation
import Synchronization

/// What must not outlive this program: processes by their ids, and folders.
final class Cleanup: Sendable {
    static let shared = Cleanup()

    private struct State {
        var processes: Set<Int32> = []
        var folders: Set<String> = []
    }

    private let state = Mutex(State())

    private init() {}

    func add(process: Int32) {
        state.withLock { _ = $0.processes.insert(process) }
    }

    func remove(process: Int32) {
        state.withLock { _ = $0.processes.remove(process) }
    }

    func add(folder: String) {
        state.withLock { _ = $0.folders.insert(folder) }
    }

    /// Ends what still runs, by its id, and removes the folders.
    func run() {
        let (processes, folders) = state.withLock { state in
            defer {
                state.processes = []
                state.folders = []
            }
            return (state.processes, state.folders)
        }
        for process in processes {
            kill(process, SIGKILL)
        }
        for folder in folders {
            // A dying process may still write for a moment.
            for _ in 0..<20 where FileManager.default.fileExists(atPath: folder) {
                try? FileManager.default.removeItem(atPath: folder)
                guard FileManager.default.fileExists(atPath: folder) else { break }
                usleep(50_000)
            }
        }
    }

    /// Makes an interrupt clean up too, as long as the result is kept.
    func catchSignals() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(
                signal: number, queue: DispatchQueue.global())
            source.setEventHandler {
                Cleanup.shared.run()
                exit(128 + number)
            }
            source.resume()
            return source
        }
    }
}
