// SPDX-License-Identifier: Apache-2.0

/// The name of a log without what rotation appended: `redis.log.2.gz` and `redis.log-20261122`
/// are both `redis.log`.
package func rotationStem(_ path: String) -> String {
    var name = path[...]
    for suffix in [".gz", ".zst", ".xz", ".bz2", ".lz4"] where name.hasSuffix(suffix) {
        name = name.dropLast(suffix.count)
    }
    let digits = name.reversed().prefix { $0.isASCII && $0.isNumber }.count
    guard digits > 0, digits < name.count else { return String(name) }
    let before = name.dropLast(digits)
    if before.hasSuffix("."), digits <= 3 { return String(before.dropLast()) }
    if before.hasSuffix("-") || before.hasSuffix("."), digits == 8 || digits == 10 {
        return String(before.dropLast())
    }
    return String(name)
}
