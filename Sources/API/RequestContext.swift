import Hummingbird
import Logging
import NIOCore

/// What a route knows of a request besides the request: the connection it came by.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }

    /// The address of whoever asks, without the port.
    var remoteAddress: String {
        channel.remoteAddress?.ipAddress ?? "local"
    }

    /// Ends the connection after the answer had time to leave.
    func closeSoon() {
        channel.eventLoop.scheduleTask(in: .seconds(1)) { [channel] in
            channel.close(promise: nil)
        }
    }
}
