import Chain
import Consensus
import Cryptography
import Testing

@testable import Simulator

@Suite struct VirtualVoteLogTests {
    private func finalization(_ view: View) -> Certificate {
        var bitmap = SignerBitmap(count: 1)
        bitmap.insert(0)
        return Certificate(
            epoch: .zero, view: view,
            statement: .finalize(Candidate(parentView: .zero, blockHash: .zero)),
            isPartial: false, bitmap: bitmap,
            signatures: [Signature([UInt8](repeating: 1, count: 64))])
    }

    /// S31: on a paced chain the floor of each view is noted before the next view has a record.
    @Test func `2_15 a log does not grow while blocks become final`() throws {
        var disk = VirtualDisk()
        var log = try VirtualVoteLog(instance: .zero, segmentBytesMax: 2_048, on: &disk)
        for number in 1...200 as ClosedRange<UInt64> {
            let view = View(number)
            log.append(
                [.ownVote(view, .nullify), .floor(finalization(view))], last: 2 * number,
                to: &disk)
            log.flush(to: &disk)
            log.sync(on: &disk)
        }
        #expect(disk.byteCount < 3 * 2_048)
        // What is left goes on with the same numbers.
        let again = try VirtualVoteLog(instance: .zero, segmentBytesMax: 2_048, on: &disk)
        #expect(again.lastSequence == 400)
    }

    @Test func `a log whose old records are gone keeps its numbers over a crash`() throws {
        var disk = VirtualDisk()
        var log = try VirtualVoteLog(instance: .zero, segmentBytesMax: 256, on: &disk)
        log.append([.entered(View(1)), .entered(View(2))], last: 2, to: &disk)
        log.flush(to: &disk)
        log.sync(on: &disk)
        // The new segment has nothing durable yet.
        log.append(
            [.floor(finalization(View(2))), .floor(finalization(View(2)))], last: 4, to: &disk)
        disk.crash(VirtualDisk.Tear(keptOf256: 0, isLastSectorGarbage: false))
        let again = try VirtualVoteLog(instance: .zero, segmentBytesMax: 256, on: &disk)
        #expect(again.lastSequence >= 2)
    }
}
