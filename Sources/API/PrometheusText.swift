/// A number with its decimals: the package has no floating point.
public struct MetricValue: Sendable, Equatable {
    /// In units of 10^−`decimals`.
    public let units: Int64
    public let decimals: Int

    public init(_ value: Int64) {
        units = value
        decimals = 0
    }

    public init(_ value: Int) {
        self.init(Int64(value))
    }

    /// Numbers above 2^63 − 1 show as that.
    public init(_ value: UInt64) {
        self.init(Int64(clamping: value))
    }

    /// Milliseconds, shown in seconds.
    public init(milliseconds: Int64) {
        units = milliseconds
        decimals = 3
    }

    /// Microseconds, shown in seconds.
    public init(microseconds: Int64) {
        units = microseconds
        decimals = 6
    }

    /// The number as Prometheus reads it.
    var text: String {
        guard decimals > 0 else { return String(units) }
        let digits = String(units.magnitude)
        let padding = String(repeating: "0", count: max(0, decimals + 1 - digits.count))
        let padded = padding + digits
        let sign = units < 0 ? "-" : ""
        return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }
}

/// One line of a metric: its labels and its value.
public struct MetricSample: Sendable {
    public let labels: [(name: String, value: String)]
    public let value: MetricValue

    public init(_ value: MetricValue, labels: [(name: String, value: String)] = []) {
        self.labels = labels
        self.value = value
    }
}

/// How often values fell at or below each of some bounds.
public struct MetricHistogram: Sendable {
    /// Cumulative, in ascending order of the bound; the last bound is infinity and not in the list.
    public let buckets: [(bound: MetricValue, count: UInt64)]
    public let sum: MetricValue
    public let count: UInt64

    public init(
        buckets: [(bound: MetricValue, count: UInt64)], sum: MetricValue, count: UInt64
    ) {
        self.buckets = buckets
        self.sum = sum
        self.count = count
    }
}

/// A metric with its help text.
public struct MetricFamily: Sendable {
    public enum Content: Sendable {
        case counter([MetricSample])
        case gauge([MetricSample])
        case histogram(MetricHistogram)
    }

    /// Without the namespace: `consensus_height`.
    public let name: String
    public let help: String
    public let content: Content

    public init(name: String, help: String, content: Content) {
        self.name = name
        self.help = help
        self.content = content
    }

    public static func gauge(_ name: String, _ help: String, _ value: MetricValue) -> MetricFamily {
        MetricFamily(name: name, help: help, content: .gauge([MetricSample(value)]))
    }

    public static func counter(
        _ name: String, _ help: String, _ value: MetricValue
    ) -> MetricFamily {
        MetricFamily(name: name, help: help, content: .counter([MetricSample(value)]))
    }
}

/// Renders metrics in Prometheus' text format, version 0.0.4.
///
/// Source: https://prometheus.io/docs/instrumenting/exposition_formats/
struct PrometheusText {
    let namespace: String
    private(set) var text = ""

    init(namespace: String) {
        self.namespace = namespace
    }

    mutating func append(_ family: MetricFamily) {
        let name = "\(namespace)_\(family.name)"
        text += "# HELP \(name) \(PrometheusText.escape(family.help, quotes: false))\n"
        switch family.content {
        case .counter(let samples):
            text += "# TYPE \(name) counter\n"
            append(samples, name: name)
        case .gauge(let samples):
            text += "# TYPE \(name) gauge\n"
            append(samples, name: name)
        case .histogram(let histogram):
            text += "# TYPE \(name) histogram\n"
            for bucket in histogram.buckets {
                text += "\(name)_bucket{le=\"\(bucket.bound.text)\"} \(bucket.count)\n"
            }
            text += "\(name)_bucket{le=\"+Inf\"} \(histogram.count)\n"
            text += "\(name)_sum \(histogram.sum.text)\n"
            text += "\(name)_count \(histogram.count)\n"
        }
    }

    private mutating func append(_ samples: [MetricSample], name: String) {
        for sample in samples {
            let labels = sample.labels.map { label in
                "\(label.name)=\"\(PrometheusText.escape(label.value, quotes: true))\""
            }
            let suffix = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
            text += "\(name)\(suffix) \(sample.value.text)\n"
        }
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
