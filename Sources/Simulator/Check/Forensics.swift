import Chain

/// Who must have broken the rules for these certificates to exist side by side (consensus.md 2.14).
enum Forensics {
    /// The seats that signed both of two certificates which no honest validator signs together: two
    /// contents of one kind in a view, or a finalization beside a nullification.
    static func culprits(of certificates: [Certificate]) -> [UInt16] {
        var found: Set<UInt16> = []
        for (index, a) in certificates.enumerated() {
            for b in certificates[..<index]
            where a.epoch == b.epoch && a.view == b.view && !a.isPartial && !b.isPartial {
                guard isContradiction(a.statement, b.statement) else { continue }
                found.formUnion(a.bitmap.signers.filter { b.bitmap.contains($0) })
            }
        }
        return found.sorted()
    }

    /// Whether both certificates that stopped a node are in its log.
    static func areLogged(_ halt: Timeline.Halt) -> Bool {
        guard halt.logged.contains(halt.second) else { return false }
        if let first = halt.first { return halt.logged.contains(first) }
        return halt.logged.contains {
            $0.view == halt.second.view && isContradiction($0.statement, halt.second.statement)
        }
    }

    private static func isContradiction(_ a: Statement, _ b: Statement) -> Bool {
        switch (a, b) {
        case (.nullify, .finalize), (.finalize, .nullify): true
        case (.nullify, .nullify), (.nullify, .notarize), (.notarize, .nullify): false
        case (.notarize, .notarize), (.finalize, .finalize), (.notarize, .finalize),
            (.finalize, .notarize):
            a.candidate != b.candidate
        }
    }
}
