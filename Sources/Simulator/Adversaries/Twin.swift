import Chain
import Replica

/// Two honest copies with one key (B20): the world gives it a second endpoint.
public struct Twin: Adversary {
    public init() {}
}
