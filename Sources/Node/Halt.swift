import API
import Chain
import Codec
import Consensus
import Cryptography
import Foundation

/// Two certificates that no honest quorum can have made (consensus.md, R10). The log keeps them, so
/// that the node takes part in nothing after a new start either.
public struct SafetyHalt: Hashable, Sendable, CustomStringConvertible {
    /// Nil where it is in the log alone.
    public let first: Certificate?
    public let second: Certificate

    init(_ first: Certificate?, _ second: Certificate) {
        self.first = first
        self.second = second
    }

    /// The halt that the records of a log tell of.
    init?(_ records: [SafetyRecord]) {
        for case .halted(let first, let second) in records {
            self.init(first, second)
            return
        }
        return nil
    }

    public var description: String {
        let other = first.map(SafetyHalt.text) ?? "another certificate of that view, in the log,"
        return "safety halt in epoch \(second.epoch): \(other) excludes "
            + SafetyHalt.text(second)
    }

    var advice: String {
        "keep the home as it is, data/log holds both certificates; compare them with the other "
            + "validators', and agree with them on the chain to follow; a node follows it with an "
            + "empty data folder and the folder signer as it is"
    }

    var notice: HaltNotice {
        HaltNotice(
            kind: .safetyHalt, epoch: second.epoch, view: second.view, message: description,
            advice: advice)
    }

    /// What is certified, and the digest of the certificate's bytes: two of one statement may have
    /// different signers.
    private static func text(_ certificate: Certificate) -> String {
        let name =
            switch certificate.kind {
            case .notarize: "notarization"
            case .nullify: "nullification"
            case .finalize: "finalization"
            }
        let block = certificate.statement.candidate.map { ", block \($0.blockHash.short)" } ?? ""
        let digest = Digest(.verifiedBytes, encoding: certificate)
        return "the \(name) of view \(certificate.view) (certificate \(digest.short)\(block))"
    }
}

/// A block that a quorum accepted and this node found invalid (consensus.md, R6').
public struct Divergence: Hashable, Sendable, CustomStringConvertible {
    public let epoch: Epoch
    public let view: View
    public let block: Digest

    init(epoch: Epoch, view: View, block: Digest) {
        self.epoch = epoch
        self.view = view
        self.block = block
    }

    public var description: String {
        "local divergence in epoch \(epoch): a quorum accepted block \(block.short) in view "
            + "\(view), which this node found invalid"
    }

    var advice: String {
        "compare the release with the other validators', and test memory and disk; at each start "
            + "the node executes the block again, and goes on once it agrees"
    }

    var notice: HaltNotice {
        HaltNotice(
            kind: .localDivergence, epoch: epoch, view: view, message: description,
            advice: advice)
    }

    /// Whether the committed chain has not passed the view yet.
    func isOpen(at view: StateView.Published) -> Bool {
        guard view.instance.epoch == epoch else { return view.instance.epoch < epoch }
        return view.head.height == view.instance.base.height || view.head.view < self.view
    }
}

/// The divergence that ended the last run: what the log of consensus does not keep, since the next
/// run may be of a program that agrees.
struct DivergenceFile {
    let path: String

    /// Nil also for a file that is not one: this is a help, and no reason not to start.
    func read() -> Divergence? {
        let words = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: " ")
        guard let words, words.count == 3, let epoch = UInt64(words[0]),
            let view = UInt64(words[1]), let block = Digest(hex: String(words[2]))
        else { return nil }
        return Divergence(epoch: Epoch(epoch), view: View(view), block: block)
    }

    func write(_ value: Divergence) {
        let text = "\(value.epoch.value) \(value.view.value) \(value.block.hex)"
        try? text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// What an earlier run ended with, as a start finds it.
enum EarlierHalt: Sendable {
    case safety(SafetyHalt)
    case divergence(Divergence)

    static func find(
        _ halt: SafetyHalt?, _ file: DivergenceFile, at view: StateView.Published
    ) -> EarlierHalt? {
        if let halt { return .safety(halt) }
        guard let divergence = file.read() else { return nil }
        guard divergence.isOpen(at: view) else {
            file.remove()
            return nil
        }
        return .divergence(divergence)
    }

    func notice(at view: StateView.Published) -> HaltNotice? {
        switch self {
        case .safety(let halt): halt.notice
        case .divergence(let divergence):
            divergence.isOpen(at: view) ? divergence.notice : nil
        }
    }
}

extension Digest {
    /// Enough digits to compare by eye.
    var short: String { String(hex.prefix(16)) }
}
