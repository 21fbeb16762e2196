import Chain
import Cryptography
import Testing

@Suite struct RejectionTests {
    private static let account = GoldenValues.address(0x11)
    private static let all: [Rejection] = [
        .oversized(bytes: 2, limit: 1), .wrongChain(expected: "a", found: "b"),
        .expired(validUntil: Height(1), height: Height(2)),
        .validityTooLong(validUntil: Height(2), limit: Height(1)),
        .sequenceTooLow(expected: 2, found: 1), .sequenceTooHigh(expected: 1, found: 2),
        .tooManyLanes(limit: 64), .noActions, .tooManyActions(count: 65, limit: 64),
        .memoTooLong(bytes: 2, limit: 1), .wrongSigners(account), .moduleCannotSign(account),
        .notAnAccountAction("spend"), .gasLimitZero, .gasLimitTooLow(limit: 1, needed: 2),
        .gasLimitTooHigh(limit: 2, blockLimit: 1),
        .priceBelowFloor(maxFee: Amount(1), needed: Amount(2)),
        .cannotPayFee(payer: account, balance: Amount(1), needed: Amount(2)), .blockFull,
        .outOfGas(limit: 1), .unknownAsset(AssetID(1)),
        .insufficientFunds(
            account: account, asset: .native, balance: Amount(1), needed: Amount(2)),
        .amountZero, .balanceOverflow(account: account, asset: .native),
        .recipientIsModule(account),
    ]

    @Test func `each reason has a code of its own`() {
        #expect(Set(RejectionTests.all.map(\.code)).count == RejectionTests.all.count)
    }

    @Test(arguments: all)
    func `a reason has a code with its area, a sentence and advice`(rejection: Rejection) {
        let parts = rejection.code.split(separator: ".")
        #expect(parts.count == 2)
        #expect(rejection.code.utf8.count <= ReceiptStatus.codeBytesMax)
        #expect(rejection.message.last == ".")
        #expect(rejection.hint.last == ".")
    }

    @Test func `waiting cures what time, funds or earlier transactions can cure`() {
        #expect(Rejection.sequenceTooHigh(expected: 1, found: 2).mayBeCuredByWaiting)
        #expect(Rejection.blockFull.mayBeCuredByWaiting)
        #expect(!Rejection.sequenceTooLow(expected: 2, found: 1).mayBeCuredByWaiting)
        #expect(!Rejection.expired(validUntil: Height(1), height: Height(2)).mayBeCuredByWaiting)
        #expect(!Rejection.wrongSigners(RejectionTests.account).mayBeCuredByWaiting)
    }
}
