import Chain
import Codec
import Cryptography

extension FuzzTarget {
    /// SEC-01, SEC-02, SEC-03: signatures are checked for real, and nothing passes that was not
    /// signed.
    ///
    /// The first byte chooses a signed value, the following pairs change its bytes, and what is
    /// left, if anything, takes its place.
    static let certificates = FuzzTarget(
        name: "certificates", summary: "changed votes and certificates against real signatures",
        bytesMax: 700,
        seeds: {
            (0..<UInt8(signed.count)).flatMap { index in
                [[index, 0], [index, 1, 17, 1], [index, 0] + signed[Int(index)]]
            }
        },
        run: { (bytes) throws(FuzzFailure) in
            var program = ByteProgram(bytes)
            var content = signed[program.choice(of: signed.count)]
            for _ in 0..<program.choice(of: 8) {
                let position = Int(program.uint16()) % content.count
                content[position] ^= program.byte()
            }
            let replacement = program.rest()
            if !replacement.isEmpty { content = replacement }
            try checkVote(content)
            try checkCertificate(content)
        })

    private static let statements =
        Fixture.statements + [
            .notarize(Candidate(parentView: View(2), blockHash: Fixture.digest(7)))
        ]

    private static let signed: [[UInt8]] =
        statements.flatMap { statement in
            [
                Fixture.vote(statement, signer: 0).encoded(),
                Fixture.vote(statement, signer: 3).encoded(),
                Fixture.certificate(statement).encoded(),
                Fixture.certificate(statement, signers: [0, 1, 2, 3]).encoded(),
                Fixture.certificate(statement, signers: [2], isPartial: true).encoded(),
            ]
        }

    private static func checkVote(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let vote = try? Vote(decoding: bytes),
            let verified = try? Verified<Vote>(vote, in: Fixture.four)
        else { return }
        try require(verified.value.encoded() == bytes, "the bytes were verified")
        try require(isSigned(vote), "a vote that was never signed passes: \(bytes.hex)")
    }

    private static func checkCertificate(_ bytes: [UInt8]) throws(FuzzFailure) {
        guard let certificate = try? Certificate(decoding: bytes) else { return }
        let full = try? Verified<Certificate>(certificate, in: Fixture.four)
        let partial = try? Verified<Certificate>(
            certificate, in: Fixture.four, allowingPartial: true)
        guard let passed = full ?? partial else { return }
        try require(full == nil || !certificate.isPartial, "a partial one is no full one")
        try require(passed.value.encoded() == bytes, "the bytes were verified")
        try require(
            certificate.votes.allSatisfy(isSigned), "a forged certificate passes: \(bytes.hex)")
        let power = certificate.power(in: Fixture.four.validators)
        try require(power == UInt64(certificate.votes.count), "the power is that of the votes")
        try require(
            certificate.isPartial || certificate.votes.count >= 3, "a quorum is three of four")
    }

    /// Every vote that the fixtures signed: Ed25519 is deterministic here, and out of a signature
    /// no second one for the same message can be made.
    private static let votes = Set(
        statements.flatMap { statement in
            (0..<4 as Range<UInt16>).map { Fixture.vote(statement, signer: $0) }
        })

    private static func isSigned(_ vote: Vote) -> Bool { votes.contains(vote) }
}
