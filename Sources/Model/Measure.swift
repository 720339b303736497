// SPDX-License-Identifier: Apache-2.0

/// What a value of a snapshot measures: a name that reports print, and the unit it is kept in.
///
/// Sources differ in names and units (`MemTotal: 24684084 kB`, `kbmemfree`, `node_memory_…_bytes`);
/// here each thing has one name and sizes are whole bytes. The measures stand in
/// `Measure+Host.swift` and its neighbours, by what they belong to.
package struct Measure: Hashable, Sendable {
    package enum Unit: String, Sendable, CaseIterable {
        case bytes, count, percent, seconds, text
        /// A quotient without a unit: fragmentation, load.
        case ratio
        /// A switch: 0 or 1.
        case flag
        /// Counts each second.
        case rate
    }

    package let name: String
    package let unit: Unit

    /// Whether it is set, and holds until somebody changes it: sysctl names and what else
    /// `Measure+Settings.swift` lists, and the server's configuration.
    package var isSetting: Bool {
        name.contains(".") || Self.settings.contains(self)
    }

    private static let settings: Set<Measure> = [
        .transparentHugePages, .transparentHugePagesDefrag, .kernelRelease, .kernelArguments,
        .hostName, .containerWarnings,
        .processors, .pageSize, .architecture, .commandRun,
        .commandIsVain,
    ]

    /// Whether `Int64.max` stands for no limit.
    package var mayBeUnlimited: Bool { Self.limits.contains(self) }

    /// Whether it is what is left between two sizes, and may be below zero.
    var isDifference: Bool { self == .fragmentationBytes || self == .allocatorFragBytes }

    private static let limits: Set<Measure> = [
        .cgroupLimit, .cgroupHigh, .cgroupEffectiveLimit, .cgroupSwapLimit,
        .cgroupMemorySwapLimit, .cgroupKernelLimit, .pidsMax, .limitProcesses,
        .limitProcessesHard, .limitAddressSpace, .limitData, .limitOpenFiles, .limitFileSize,
        .limitProcessorTime,
        .limitLockedMemory,
    ]

    package init(_ name: String, _ unit: Unit) {
        self.name = name
        self.unit = unit
    }
}
