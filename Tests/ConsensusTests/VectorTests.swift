import Chain
import Codec
import Consensus
import Cryptography
import Testing

/// The published vectors of consensus.md 2.20: four validators with the seeds of 32 bytes 1, 2, 3
/// and 4, and one power each. Computed a second time by a program that shares no code.
@Suite struct VectorTests {
    static let instance = TestKeys.instance(powers: [1, 1, 1, 1])
    static let candidate = Candidate(parentView: View(2), blockHash: Digest(.block, [9]))

    func signBytes(_ statement: Statement) -> [UInt8] {
        statement.signBytes(instance: Self.instance.id, view: View(3))
    }

    func certificate(_ statement: Statement) -> Certificate {
        Verified<Certificate>(
            assembling: (0..<3).map {
                .restored(TestKeys.vote($0, view: 3, statement, in: Self.instance))
            }, validatorCount: 4, isPartial: false
        ).value
    }

    static let header = Header(
        genesisHash: Digest(.genesis, [0]), epoch: .zero, height: Height(5), view: View(3),
        parentView: View(2), parentHash: Digest(.block, [9]), timestamp: Timestamp(1_500),
        proposer: 1, transactionsRoot: .zero, stateRoot: Digest(.treeNode, [1]),
        receiptsRoot: .zero, setHash: instance.validators.hash,
        nextSetHash: instance.validators.hash, evidenceRoot: .zero, participationRoot: .zero,
        gasUsed: 7, gasLimit: 60_000_000, extra: [1, 2])

    @Test func `the instance`() {
        #expect(
            Self.instance.validators.hash.hex
                == "af58cca2eb476b6baa1a4e47b778e5f27e56e671e374c62df3f6e0c61315feef")
        #expect(
            Self.instance.id.hex
                == "365d15001ef5f87d1cf6b9e899fae819d91f2c8d573b0d217d72a25893893d1d")
        #expect(
            Self.instance.seed.hex
                == "98899129cf9e2748290502807b49f7790ebfea69df85e0a4eeeb59cbef3bad74")
    }

    @Test(
        arguments: [
            (
                .notarize(candidate),
                "616c742e6e6f746172697a652e763100365d15001ef5f87d1cf6b9e899fae819"
                    + "d91f2c8d573b0d217d72a25893893d1d03000000000000000200000000000000"
                    + "3ad0430c760e6102fca447a8866e651b42c5c3bfd88a66c3f2d163d95f63e341",
                "4fa32469c659dc809bd7b6bfb0a0ab406da58600f535907ac20583d899cab5e8"
                    + "50915e25dace7532480b56b4e21c3a11fc0cf4400b08fcd53acdf8374267bd07"
            ),
            (
                .nullify,
                "616c742e6e756c6c6966792e76310000365d15001ef5f87d1cf6b9e899fae819"
                    + "d91f2c8d573b0d217d72a25893893d1d0300000000000000",
                "2c4486497dbaf281a319013ffbf3f0e0c02bc17306c78a710c8206e32397b270"
                    + "a7de5f9e1ff04df40993d25d24efadacd77238f5589dd8b06f367307b8ff6201"
            ),
            (
                .finalize(candidate),
                "616c742e66696e616c697a652e763100365d15001ef5f87d1cf6b9e899fae819"
                    + "d91f2c8d573b0d217d72a25893893d1d03000000000000000200000000000000"
                    + "3ad0430c760e6102fca447a8866e651b42c5c3bfd88a66c3f2d163d95f63e341",
                "07bcb23caec38675ef5fc4b7b6e8b135fff9b08d3bc03e8369ef7ad0f96aa2fa"
                    + "f9d260134e343e6540f6826befaf3ecd003732ac8f526f5b564a5d6610690801"
            ),
        ] as [(Statement, String, String)])
    func `the bytes under a vote and the signature of the first validator`(
        statement: Statement, bytes: String, signature: String
    ) {
        #expect(signBytes(statement).hex == bytes)
        #expect(
            TestKeys.vote(0, view: 3, statement, in: Self.instance).signature.hex == signature)
    }

    @Test(
        arguments: [
            (
                .notarize(candidate),
                "8bcb1da3ee53a1dfaf32014587cc385dc43e0d9b6c58e962258fc97a6494eb11", 251
            ), (.nullify, "5a5a5de8fe297cc2ca40d36dc8b953007f24e34c3f4e5242dabad31220f8c9f1", 211),
            (
                .finalize(candidate),
                "aea9f0ddda82c0e6308a46565d86e9b0dc23acdb60a5bc01878848f493895681", 251
            ),
        ] as [(Statement, String, Int)])
    func `the certificate of the first three validators, as SHA-256 of its bytes`(
        statement: Statement, digest: String, size: Int
    ) {
        let bytes = certificate(statement).encoded()
        #expect(bytes.count == size)
        #expect(sha256(bytes).hex == digest)
    }

    @Test func `the hash of a header`() {
        #expect(
            Self.header.hash.hex
                == "e14a2ce17344e7c1753348fa3f22cb0e6ddc3a8ca7e0d4889910f2206fdd7045")
    }

    @Test func `the id of evidence`() throws {
        let other = Candidate(parentView: View(2), blockHash: Digest(.block, [8]))
        let evidence = try #require(
            Evidence(
                TestKeys.vote(2, view: 3, .notarize(Self.candidate), in: Self.instance),
                TestKeys.vote(2, view: 3, .notarize(other), in: Self.instance)))
        #expect(
            evidence.id.hex == "82fa612d7bd1874c694c14f02c4d8ec8dbccfb991a4d414a77c40983a671712a")
    }

    @Test(
        arguments: [
            (0, ["0", "2", "3", "1"]), (1, ["2", "1", "0", "3"]), (2, ["1", "3", "2", "0"]),
        ] as [(UInt64, [String])])
    func `the leaders of the first rounds`(round: UInt64, leaders: [String]) {
        let order = LeaderSchedule.order(of: round, seed: Self.instance.seed, count: 4)
        #expect(order.map { "\($0)" } == leaders)
    }
}
