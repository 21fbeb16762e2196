import Cryptography
import NIOCore

// The bytes of a frame: u16 length of the ciphertext, little-endian, then the ciphertext. Sealing
// and opening happen in the buffers that the socket reads and writes, because a copy of every
// byte would cost a tenth of the cipher's own time.

enum Frame {
    static let lengthBytes = 2
    static let sealedBytesMin =
        Fragment.headerBytesMin + 1 + HandshakeState.tagBytes
    static let sealedBytesMax =
        Fragment.headerBytesMax + Fragment.bytesMax + HandshakeState.tagBytes

    /// Takes the next whole ciphertext off `buffer`; nil when more bytes must come first.
    static func next(in buffer: inout ByteBuffer) throws(PeerFault) -> ByteBuffer? {
        guard
            let length = buffer.getInteger(
                at: buffer.readerIndex, endianness: .little, as: UInt16.self)
        else { return nil }
        guard length >= sealedBytesMin, length <= sealedBytesMax else {
            throw .frameLength(Int(length))
        }
        guard buffer.readableBytes >= lengthBytes + Int(length) else { return nil }
        buffer.moveReaderIndex(forwardBy: lengthBytes)
        return buffer.readSlice(length: Int(length))
    }
}

extension CipherState {
    /// Appends the frame of one fragment.
    mutating func sealFrame(
        _ fragment: Fragment, into buffer: inout ByteBuffer
    ) throws(NoiseError) {
        let sealedBytes = fragment.sealedBytes
        precondition(sealedBytes <= Frame.sealedBytesMax, "a frame has its limit: \(sealedBytes)")
        let header = fragment.header
        buffer.reserveCapacity(minimumWritableBytes: Frame.lengthBytes + sealedBytes)
        buffer.writeInteger(UInt16(sealedBytes), endianness: .little)
        let start = buffer.readableBytes
        buffer.writeInteger(header.channel.rawValue)
        buffer.writeInteger(header.flags)
        buffer.writeInteger(header.messageID, endianness: .little)
        if header.isFirst {
            buffer.writeInteger(header.messageBytes, endianness: .little)
        }
        buffer.writeBytes(fragment.bytes)
        buffer.writeRepeatingByte(0, count: HandshakeState.tagBytes)
        var failure: NoiseError?
        // Safe because the range was just written: the plaintext and room for the tag.
        unsafe buffer.withUnsafeMutableReadableBytes { bytes in
            do throws(NoiseError) {
                unsafe try seal(inPlace: UnsafeMutableRawBufferPointer(rebasing: bytes[start...]))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Opens one ciphertext into the start of `plaintext`; returns how many bytes it has there.
    ///
    /// - Precondition: `plaintext` has room for the largest frame.
    mutating func openFrame(
        _ ciphertext: ByteBuffer, into plaintext: inout [UInt8]
    ) throws(NoiseError) -> Int {
        let count = ciphertext.readableBytes - HandshakeState.tagBytes
        precondition(count >= 0 && count <= plaintext.count, "the length was checked: \(count)")
        var failure: NoiseError?
        // Safe because both buffers outlive the call and `count` is within both.
        unsafe ciphertext.withUnsafeReadableBytes { sealed in
            unsafe plaintext.withUnsafeMutableBytes { opened in
                do throws(NoiseError) {
                    unsafe try open(
                        sealed, into: UnsafeMutableRawBufferPointer(rebasing: opened[..<count]))
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        return count
    }
}
