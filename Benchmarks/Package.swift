// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
import PackageDescription

// A package of its own, so that building Forktopsy builds none of this. It takes the program as a
// binary and imports nothing of it.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

let package = Package(
    name: "Benchmarks",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // Logs and journals of any size, with the truth about them.
        .target(name: "Generator", swiftSettings: strict),
        // Runs one command and measures it. In C: the peak memory that the kernel reports of a
        // process is never below that of the process it was started from, and a Swift program
        // with Foundation is larger than most of what is measured.
        .executableTarget(
            name: "launch", linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .executableTarget(
            name: "bench",
            dependencies: [
                "Generator", "launch",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .testTarget(name: "GeneratorTests", dependencies: ["Generator"], swiftSettings: strict),
    ]
)
