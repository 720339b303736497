// SPDX-License-Identifier: Apache-2.0

internal import Model

extension Report {
    /// The file name alone, for inputs that share it with no other.
    var shortNames: [String: String] {
        var byName: [String: [String]] = [:]
        for path in inputs.map(\.facts.path) {
            let name = path.split(separator: "/").last.map(String.init) ?? path
            byName[name, default: []].append(path)
        }
        var names: [String: String] = [:]
        for (name, paths) in byName where paths.count == 1 { names[paths[0]] = name }
        return names
    }
}
