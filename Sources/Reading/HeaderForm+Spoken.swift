// SPDX-License-Identifier: Apache-2.0

package import Model

extension HeaderForm {
    /// How a report names the form.
    package var spoken: String {
        switch self {
        case .none: "headerless"
        case .bracketedPID: "redis 2.0-2.8"
        case .roleWithoutYear: "redis 3.0-4.0"
        case .roleWithYear: "redis 5.0+"
        case .threadRole: "keydb"
        case .roleISO8601: "valkey iso8601"
        case .roleMilliseconds: "valkey milliseconds"
        case .logfmt: "valkey logfmt"
        case .json: "valkey json"
        case .signalHandler: "signal handler"
        case .glog: "glog"
        case .kernel: "kernel"
        case .daemon: "daemon"
        case .bareMessage: "syslog message"
        case .quoted: "quoted in prose"
        }
    }
}
