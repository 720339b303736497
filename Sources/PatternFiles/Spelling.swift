// SPDX-License-Identifier: Apache-2.0

/// The word of `known` that `word` was probably meant to be: at most a third of it differs.
package func likelySpelling(of word: String, among known: [String]) -> String? {
    let best = known.map { ($0, editDistance(word, $0)) }.min { $0.1 < $1.1 }
    guard let (name, distance) = best, distance <= max(1, word.utf8.count / 3) else { return nil }
    return name
}

/// ` Did you mean 'x'?`, or nothing.
func suggestion(for word: String, among known: [String]) -> String {
    likelySpelling(of: word, among: known).map { ". Did you mean '\($0)'?" } ?? ""
}

/// Insertions, deletions and substitutions that turn `a` into `b` (Levenshtein), capped inputs.
private func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a.utf8.prefix(64))
    let b = Array(b.utf8.prefix(64))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
            let substituted = diagonal + (x == y ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, row[j] + 1, diagonal + 1)
        }
    }
    return row[b.count]
}
