import Chain
import Cryptography

struct StatusJSON: Encodable {
    struct Seat: Encodable {
        let index: Nullable<UInt16>
        let publicKey: Nullable<String>
        /// Whether it only listens yet.
        let watching: Bool
    }

    struct Halt: Encodable {
        let kind: String
        let epoch: UInt64
        let view: UInt64
        let message: String
        let advice: String

        init(_ notice: HaltNotice) {
            kind = notice.kind.rawValue
            epoch = notice.epoch.value
            view = notice.view.value
            message = notice.message
            advice = notice.advice
        }
    }

    let chainID: String
    let genesisHash: String
    let version: String
    let height: UInt64
    let hash: String
    let time: String
    let timeMs: UInt64
    let view: UInt64
    let epoch: UInt64
    let finalizedView: UInt64
    let syncing: Bool
    let peers: Int
    /// The version of the interface.
    let api: String
    let validator: Seat
    /// What an earlier run of the node ended with, as long as that stands.
    let halt: Nullable<Halt>
    let nodeID: String
    let uptimeSeconds: Int64

    init(_ status: NodeStatus, chain: ChainDescription, uptimeSeconds: Int64) {
        chainID = chain.chainID.text
        genesisHash = chain.genesisHash.hex
        version = status.version
        height = status.height.value
        hash = status.hash.hex
        time = timeText(status.timestamp)
        timeMs = status.timestamp.milliseconds
        view = status.view.value
        epoch = status.epoch.value
        finalizedView = status.finalizedView.value
        syncing = status.isSyncing
        peers = status.peerCount
        api = "v1"
        validator = Seat(
            index: Nullable(status.validatorIndex),
            publicKey: Nullable(status.validatorKey?.hex), watching: status.isWatching)
        halt = Nullable(status.halt.map { Halt($0) })
        nodeID = status.nodeID
        self.uptimeSeconds = uptimeSeconds
    }
}

struct MempoolJSON: Encodable {
    let size: Int
    let bytes: Int
}

struct PeerJSON: Encodable {
    let nodeID: String
    let address: String
    let direction: String
    let height: UInt64

    init(_ peer: PeerDescription) {
        nodeID = peer.nodeID
        address = peer.address
        direction = peer.isInbound ? "inbound" : "outbound"
        height = peer.height.value
    }
}

struct ReadinessJSON: Encodable {
    struct Check: Encodable {
        let name: String
        let ok: Bool
        let reason: String?
    }

    let ready: Bool
    /// The names of the checks that fail.
    let reasons: [String]
    /// All checks, when they were asked for.
    let checks: [Check]?
}

extension ReadinessJSON {
    /// How many blocks a node may be behind the others and still count as up to date.
    private static let lagMax: UInt64 = 5
    /// For how many milliseconds nothing may become final; idle chains make a block every few
    /// seconds.
    private static let finalityAgeMax: UInt64 = 60_000

    init(_ status: NodeStatus, validatorCount: Int, isVerbose: Bool) {
        let lag =
            status.networkHeight > status.height
            ? status.networkHeight.value - status.height.value : 0
        let isBehind = status.isSyncing || lag > ReadinessJSON.lagMax
        let isStalled = status.finalityAge > ReadinessJSON.finalityAgeMax
        let isAlone = validatorCount > 1 && status.peerCount == 0
        let checks = [
            Check(
                name: "started", ok: status.isStarted,
                reason: status.isStarted ? nil : "The node is still starting."),
            Check(
                name: "behind", ok: !isBehind,
                reason: isBehind ? "The node is \(lag) blocks behind the others." : nil),
            Check(
                name: "peers", ok: !isAlone,
                reason: isAlone ? "No peer is connected." : nil),
            Check(
                name: "finality", ok: !isStalled,
                reason: isStalled
                    ? "Nothing became final for \(status.finalityAge / 1_000) seconds." : nil),
            Check(
                name: "version", ok: !status.isOutdated,
                reason: status.isOutdated
                    ? "The chain follows rules that this node does not know." : nil),
            Check(
                name: "disk", ok: !status.isDiskLow,
                reason: status.isDiskLow ? "The disk is almost full." : nil),
            Check(name: "halt", ok: status.halt == nil, reason: status.halt?.message),
        ]
        let failed = checks.filter { !$0.ok }
        self.init(
            ready: failed.isEmpty, reasons: failed.map(\.name), checks: isVerbose ? checks : nil)
    }
}
