import Chain
import Cryptography
import Foundation
import GenesisTool

@testable import KeyTool

extension FuzzTarget {
    /// What people type and paste, and the files that they hand to a node or a command.
    static let text = FuzzTarget(
        name: "text", summary: "Bech32m, hex, amounts, times, mnemonics; genesis and key files",
        bytesMax: 8_192,
        seeds: {
            (texts + files).enumerated().flatMap { index, list in
                list.map { [UInt8(index)] + Array($0.utf8) }
            }
        },
        run: { (bytes) throws(FuzzFailure) in
            guard let first = bytes.first,
                let text = String(validating: bytes.dropFirst(), as: UTF8.self)
            else { return }
            if first >= texts.count { return try checkFile(first - UInt8(texts.count), text) }
            guard bytes.count <= 400 else { return }
            switch first {
            case 0: try checkBech32(text)
            case 1: try checkHex(text)
            case 2: try checkAmount(text)
            case 3: try checkDuration(text)
            case 4: try checkRatio(text)
            case 5: try checkTime(text)
            case 6: try checkMnemonic(text)
            default: try checkParameter(text)
            }
        })

    private static let mnemonic =
        Array(repeating: "abandon", count: 11).joined(separator: " ") + " about"

    private static let texts: [[String]] = [
        [Fixture.address(1).text(), Fixture.address(2).text(prefix: "althval")],
        [Fixture.digest(7).hex, "00ff"],
        ["12.5alt", "0.000001 ALT", "18446744073709.551615"],
        ["1h30m", "500ms", "0", "213503982334d"],
        ["1/3", "12.5%", "4294967295/1"],
        ["2026-11-21T10:00:00.000Z", "2000-02-29T23:59:59Z"],
        [mnemonic],
        ["1h", "30alt", "12%", "100"],
    ]

    private static func checkBech32(_ text: String) throws(FuzzFailure) {
        if let address = try? Address(text: text) {
            try require(address.text() == text.lowercased(), "an address has two texts: \(text)")
        }
        guard let (prefix, bytes) = try? Bech32.decode(text) else { return }
        let again = Bech32.encode(prefix: prefix, bytes: bytes)
        try require(again == text.lowercased(), "bytes have two texts: \(text)")
    }

    private static func checkHex(_ text: String) throws(FuzzFailure) {
        if let bytes = [UInt8](hex: text) {
            try require(bytes.hex == text, "bytes have two texts: \(text)")
        }
        if let digest = Digest(hex: text) {
            try require(digest.hex == text, "a digest has two texts: \(text)")
        }
        if let key = PublicKey(hex: text) {
            try require(key.hex == text, "a key has two texts: \(text)")
        }
    }

    private static func checkAmount(_ text: String) throws(FuzzFailure) {
        for decimals in [0, 6, 18] as [UInt8] {
            guard
                let amount = try? AmountText.parse(text, symbol: "alt", decimals: decimals)
            else { continue }
            let printed = AmountText.print(amount, symbol: "alt", decimals: decimals)
            let again = try? AmountText.parse(printed, symbol: "alt", decimals: decimals)
            try require(again == amount, "\(text) is printed as \(printed)")
        }
    }

    private static func checkDuration(_ text: String) throws(FuzzFailure) {
        guard let duration = try? DurationText.parse(text) else { return }
        let printed = DurationText.print(duration)
        try require((try? DurationText.parse(printed)) == duration, "\(text) as \(printed)")
    }

    private static func checkRatio(_ text: String) throws(FuzzFailure) {
        guard let ratio = try? RatioText.parse(text) else { return }
        let printed = RatioText.print(ratio)
        try require((try? RatioText.parse(printed)) == ratio, "\(text) as \(printed)")
    }

    private static func checkTime(_ text: String) throws(FuzzFailure) {
        guard let time = TimeText.parse(text) else { return }
        let printed = TimeText.print(time)
        try require(TimeText.parse(printed) == time, "\(text) as \(printed)")
    }

    private static func checkMnemonic(_ text: String) throws(FuzzFailure) {
        guard let mnemonic = try? Mnemonic(text: text) else { return }
        try require(
            Mnemonic(entropy: mnemonic.entropy) == mnemonic, "words and entropy are one: \(text)")
    }

    private static func checkParameter(_ text: String) throws(FuzzFailure) {
        for id in ParameterID.allCases {
            guard
                let value = try? ParameterText.parse(text, for: id, symbol: "alt", decimals: 6)
            else { continue }
            let printed = ParameterText.print(value, for: id, symbol: "alt", decimals: 6)
            let again = try? ParameterText.parse(printed, for: id, symbol: "alt", decimals: 6)
            try require(again == value, "\(id) \(text) as \(printed)")
        }
    }

    private static let files: [[String]] = {
        let key = try? JSONEncoder().encode(
            KeyFile(Fixture.key(1), password: nil, cost: .least))
        return [
            [Fixture.genesis.json.compact], [Fixture.entry.json.compact],
            [key.map { String(decoding: $0, as: UTF8.self) } ?? "{}"],
        ]
    }()

    private static func checkFile(_ kind: UInt8, _ text: String) throws(FuzzFailure) {
        switch kind {
        case 0:
            guard let genesis = try? Genesis(parsing: text) else { return }
            _ = genesis.check()
            let again = try? Genesis(parsing: genesis.json.compact)
            try require(again == genesis, "a genesis is read back")
        case 1:
            guard let entry = try? GenesisEntry(parsing: text) else { return }
            let again = try? GenesisEntry(parsing: entry.json.compact)
            try require(again == entry, "an entry is read back")
        default:
            guard let file = try? KeyFile(bytes: Array(text.utf8)) else { return }
            _ = try? file.entry(name: "fuzz")
        }
    }
}
