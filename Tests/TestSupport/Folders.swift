// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The checkout that the tests were built from.
package enum Checkout {
    /// Its folder, found from this file upwards.
    package static let path: String = {
        var folder = URL(fileURLWithPath: #filePath)
        repeat {
            folder.deleteLastPathComponent()
        } while folder.path != "/"
            && !FileManager.default.fileExists(atPath: folder.path + "/SampleLogs/README.md")
        return folder.path
    }()
}

/// A folder that is gone afterwards.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.path + "/forktopsy-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}
