import Codec
import Cryptography
import StateTree

extension FuzzTarget {
    /// SEC-47: a changed proof never proves another value, and never an absence that is none.
    ///
    /// The first bytes choose a key, changes of its proof, and the claim; what is left takes the
    /// proof's place.
    static let proofs = FuzzTarget(
        name: "proofs", summary: "changed state proofs against a known tree", bytesMax: 1_024,
        seeds: {
            (0..<24 as Range<UInt8>).map { [$0, 0, $0, 0] }
                + (0..<8 as Range<UInt8>).map { number in
                    let key = keys[Int(number)]
                    return [number, 0, number, 1] + StateTree.prove(key, in: state).encoded()
                }
        },
        run: { (bytes) throws(FuzzFailure) in
            var program = ByteProgram(bytes)
            var content = StateTree.prove(keys[program.choice(of: keys.count)], in: state).encoded()
            for _ in 0..<program.choice(of: 6) {
                let position = Int(program.uint16()) % content.count
                content[position] ^= program.byte()
            }
            let claimed = keys[program.choice(of: keys.count)]
            let form = program.byte()
            let replacement = program.rest()
            if !replacement.isEmpty { content = replacement }
            guard let proof = try? StateProof(decoding: content) else { return }
            try require(proof.encoded() == content, "a proof has two encodings: \(content.hex)")
            try check(proof, claimed, value: form & 1 == 0 ? [form] : [UInt8](content.prefix(3)))
        })

    private static func check(
        _ proof: StateProof, _ key: [UInt8], value: [UInt8]
    ) throws(FuzzFailure) {
        let truth = state.value(for: key)
        let root = state.root.hash
        for claim in [nil, value, truth, []] as [[UInt8]?] {
            guard proof.verify(root: root, key: key, value: claim) else { continue }
            try require(
                claim == truth, "\(key) is proven to be \(String(describing: claim))")
            // The honest proof says it in the same bytes: a proof has one form.
            try require(
                proof == StateTree.prove(key, in: state), "a second proof of one fact for \(key)")
        }
        try require(
            !proof.verify(root: .zero, key: key, value: value), "an empty state has nothing")
    }

    /// Forty that are there and forty that are not.
    private static let keys: [[UInt8]] = (0..<80).map { [1, 0, UInt8($0)] }

    private static let state: MemoryState = {
        var state = MemoryState()
        let writes = keys.prefix(40).map { StateWrite(key: $0, value: [$0[2], 7]) }
        state.apply(StateTree.apply(writes, version: 1, over: state))
        return state
    }()
}
