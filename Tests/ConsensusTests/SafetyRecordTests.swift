import Chain
import Codec
import Consensus
import Cryptography
import Testing

@Suite struct SafetyRecordTests {
    static let instance = TestKeys.instance(powers: [1, 1, 1, 1])
    static let candidate = Candidate(parentView: View(3), blockHash: Digest(.block, [1]))
    static let other = Candidate(parentView: View(3), blockHash: Digest(.block, [2]))

    static func vote(_ signer: UInt16, _ statement: Statement) -> Vote {
        TestKeys.vote(signer, view: 4, statement, in: instance)
    }

    static func certificate(_ statement: Statement) -> Certificate {
        Verified<Certificate>(
            assembling: (0..<3).map { .restored(vote($0, statement)) }, validatorCount: 4,
            isPartial: false
        ).value
    }

    static let records: [SafetyRecord] = {
        var records: [SafetyRecord] = [
            .ownVote(View(4), .notarize(candidate)),
            .ownVote(View(.max), .nullify),
            .ownVote(View(4), .finalize(candidate)),
            .certificate(certificate(.notarize(candidate))),
            .certificate(certificate(.nullify)),
            .certified(View(4), candidate.blockHash),
            .floor(certificate(.finalize(candidate))),
            .builtBlock(
                View(4), parentView: View(3), parent: Digest(.block, [0]),
                hash: candidate.blockHash),
            .entered(View(5)),
            .halted(certificate(.nullify), certificate(.finalize(candidate))),
            .halted(nil, certificate(.finalize(candidate))),
        ]
        if let evidence = Evidence(vote(0, .notarize(candidate)), vote(0, .notarize(other))) {
            records.append(.evidence(evidence))
        }
        return records
    }()

    @Test func `every type of record is here`() {
        #expect(Set(Self.records.map(\.type)) == [1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test(arguments: records)
    func `a record is what its payload says`(record: SafetyRecord) throws {
        #expect(try SafetyRecord(type: record.type, payload: record.payload) == record)
    }

    @Test(arguments: records)
    func `a payload of another length is refused`(record: SafetyRecord) {
        let payload = record.payload
        for length in 0..<payload.count {
            #expect(throws: DecodeError.self) {
                try SafetyRecord(type: record.type, payload: Array(payload.prefix(length)))
            }
        }
        #expect(throws: DecodeError.self) {
            try SafetyRecord(type: record.type, payload: payload + [0])
        }
    }

    @Test(arguments: [0, 8, 255] as [UInt8])
    func `an unknown type is refused`(type: UInt8) {
        #expect(throws: DecodeError.self) { try SafetyRecord(type: type, payload: []) }
    }

    @Test func `a partial certificate and a floor that is not final are refused`() {
        let partial = Verified<Certificate>(
            assembling: [.restored(Self.vote(0, .nullify))], validatorCount: 4, isPartial: true
        ).value
        #expect(throws: DecodeError.self) {
            try SafetyRecord(type: 2, payload: partial.encoded())
        }
        #expect(throws: DecodeError.self) {
            try SafetyRecord(type: 4, payload: Self.certificate(.nullify).encoded())
        }
    }
}
