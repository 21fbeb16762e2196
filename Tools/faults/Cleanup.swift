import Dispatch
import Foundation
import Synchronization

/// What must not outlive this program: processes by their ids, and folders.
final class Cleanup: Sendable {
    static let shared = Cleanup()

    private struct State {
        /// With the signal that ends each.
        var processes: [Int32: Int32] = [:]
        var folders: Set<String> = []
    }

    private let state = Mutex(State())
    /// Held while `run` works: a second caller returns when everything is done.
    private let work = Mutex(())

    private init() {}

    func add(process: Int32, signal: Int32 = SIGKILL) {
        state.withLock { $0.processes[process] = signal }
    }

    func remove(process: Int32) {
        state.withLock { _ = $0.processes.removeValue(forKey: process) }
    }

    func add(folder: String) {
        state.withLock { _ = $0.folders.insert(folder) }
    }

    /// Ends what still runs, by its id, and removes the folders.
    func run() {
        work.withLock { _ in finish() }
    }

    private func finish() {
        let state = state.withLock { state in
            defer { state = State() }
            return state
        }
        for (process, signal) in state.processes {
            kill(process, signal)
        }
        for folder in state.folders {
            Cleanup.remove(folder)
        }
    }

    static func remove(_ folder: String) {
        // A dying process may still write for a moment.
        for _ in 0..<40 where FileManager.default.fileExists(atPath: folder) {
            try? FileManager.default.removeItem(atPath: folder)
            guard FileManager.default.fileExists(atPath: folder) else { return }
            usleep(50_000)
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
