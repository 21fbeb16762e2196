import Chain
import Cryptography

/// A place in everything that finalized blocks say: `height.position`.
///
/// Position 0 is the block itself; then comes each transaction, followed by its events; then the
/// events of the block's own steps. Streams and the list of events count alike, so that a cursor of
/// one is good for the other. Who passes a cursor gets what stands strictly behind it.
struct Cursor: Hashable, Comparable, Sendable {
    let height: Height
    let position: UInt32

    init(height: Height, position: UInt32) {
        self.height = height
        self.position = position
    }

    /// Behind everything in the block of a height.
    init(endOf height: Height) {
        self.init(height: height, position: .max)
    }

    /// From `12.3`, or from `12`: before everything in the block of that height.
    init?(text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let height = UInt64(decimal: String(parts[0])) else {
            return nil
        }
        if parts.count == 1 {
            self.init(endOf: Height(height).lowered(by: 1))
            return
        }
        guard let number = UInt64(decimal: String(parts[1])), let position = UInt32(exactly: number)
        else { return nil }
        self.init(height: Height(height), position: position)
    }

    var text: String { "\(height).\(position)" }

    static func < (a: Cursor, b: Cursor) -> Bool {
        a.height != b.height ? a.height < b.height : a.position < b.position
    }
}

/// One thing that a finalized block says.
struct BlockItem {
    enum Content {
        case block
        /// By its index in the block.
        case transaction(Int)
        case event(Event, transaction: Digest?)
    }

    let cursor: Cursor
    let content: Content
}

extension FinalizedBlock {
    /// Everything that the block says, in the order of cursors.
    var items: [BlockItem] {
        var items: [BlockItem] = []
        var position: UInt32 = 0
        func append(_ content: BlockItem.Content) {
            items.append(
                BlockItem(cursor: Cursor(height: height, position: position), content: content))
            position += 1
        }
        append(.block)
        for (index, receipt) in receipts.enumerated() {
            append(.transaction(index))
            for event in receipt.events {
                append(.event(event, transaction: receipt.transactionID))
            }
        }
        for event in events {
            append(.event(event, transaction: nil))
        }
        return items
    }
}
