import Simulator
import Testing

@Suite struct VirtualDiskTests {
    private static func bytes(_ range: Range<Int>) -> [UInt8] {
        range.map { UInt8(truncatingIfNeeded: $0) }
    }

    @Test func `P18 SEC-50 a crash keeps what was synced and loses the rest`() {
        var disk = VirtualDisk()
        disk.append([1, 2], to: "a")
        disk.sync("a")
        disk.append([3], to: "a")
        disk.append([9], to: "b")
        #expect(disk.read("a") == [1, 2, 3])
        disk.crash()
        #expect(disk.read("a") == [1, 2])
        #expect(disk.read("b") == [])
        #expect(disk.read("c") == nil)
        #expect(disk.fileNames == ["a", "b"])
        #expect(disk.syncCount == 1)
    }

    @Test(arguments: [UInt8(0), 1, 64, 128, 255])
    func `SEC-50 a torn crash keeps a beginning of what was not synced`(kept: UInt8) {
        let all = Self.bytes(0..<2_000)
        var disk = VirtualDisk()
        disk.append(Array(all[..<1_000]), to: "a")
        disk.sync("a")
        disk.append(Array(all[1_000...]), to: "a")
        var garbage = disk
        disk.crash(VirtualDisk.Tear(keptOf256: kept, isLastSectorGarbage: false))
        let end = 1_000 + 1_000 * Int(kept) / 256
        #expect(disk.read("a") == Array(all[..<end]))
        garbage.crash(VirtualDisk.Tear(keptOf256: kept, isLastSectorGarbage: true))
        let torn = garbage.read("a")
        #expect(torn?.count == end)
        #expect(
            torn.map { Array($0.prefix(max(1_000, end - 512))) }
                == Array(all[..<max(1_000, end - 512)]))
        #expect((torn == Array(all[..<end])) == (end == 1_000))
        // What survived one crash survives the next.
        garbage.crash()
        #expect(garbage.read("a") == torn)
    }

    @Test func `batches of rows survive whole and in order`() {
        var disk = VirtualDisk()
        disk.write([.init(key: [1], value: [1])], sync: true)
        for number in UInt8(2)...5 {
            disk.write(
                [
                    .init(key: [1], value: [number]), .init(key: [number], value: [number]),
                    .init(key: [number - 1, 0], value: nil),
                ], sync: false)
        }
        #expect(disk.row([1]) == [5])
        disk.crash(VirtualDisk.Tear(keptOf256: 128, isLastSectorGarbage: true))
        #expect(disk.row([1]) == [3])
        #expect(disk.row([3]) == [3])
        #expect(disk.row([4]) == nil)
        disk.write([.init(key: [7], value: [7])], sync: false)
        disk.write([.init(key: [1], value: nil)], sync: true)
        disk.crash()
        #expect(disk.row([7]) == [7])
        #expect(disk.row([1]) == nil)
    }

    @Test func `files are cut, damaged and removed`() {
        var disk = VirtualDisk()
        disk.append([1, 2, 3], to: "a")
        disk.sync("a")
        disk.truncate("a", to: 2)
        disk.truncate("a", to: 5)
        disk.damage("a", bit: 8)
        disk.damage("a", bit: 800)
        disk.crash()
        #expect(disk.read("a") == [1, 3])
        disk.remove("a")
        #expect(disk.read("a") == nil)
        #expect(disk.fileNames.isEmpty)
    }
}
