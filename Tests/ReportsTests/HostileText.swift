// SPDX-License-Identifier: Apache-2.0
// Lines as an attacker or an unlucky disk would write them into a log.

import Model

enum HostileText {
    static let lines: [String] = [
        "```", "````text", "~~~", "` `` ```", "a ``` b `c` d", "`", "``", "\\`",
        "trailing backslash \\",
        "<script>alert(1)</script>", "</details><img src=x onerror=alert(1)>", "<!-- -->", "--> x",
        "| a | b |", "a | b\n|---|---|\n| c | d |", "# heading", "## heading ##", "=====", "-----",
        "***",
        "- item", "+ item", "1. item", "1) item", "> quote", "    indented", "\ttab\tseparated",
        "[link](http://evil.example)", "![image](http://evil.example/x.png)",
        "[a]: http://evil.example",
        "http://evil.example/path", "www.evil.example", "mail me@evil.example",
        "<http://evil.example>",
        "#123", "see #1 and !2 and $3 and %4 and ~5 and &6", "@channel @here @everyone",
        "org/repo#1",
        "GH-12", "deadbeef1234 0123456789abcdef0123456789abcdef01234567", "&lt;b&gt; &#35;1 &amp;",
        "*emphasis* _emphasis_ **strong** __strong__ ~~gone~~", "snake_case_name _lead trail_",
        "$math$ $$x$$ $`x`$", ":smile: :+1:", "{code} {noformat} {color:red}x{color} !image.png!",
        "\u{1B}[31mred\u{1B}[0m\u{1B}]0;title\u{7}\u{1B}[2J",
        "\u{202E}gnirts\u{202C} \u{2066}x\u{2069}",
        "nul\u{0}byte \u{1}\u{8}\u{7F}\u{9B}31m", "zero\u{200B}width\u{FEFF} \u{AD}soft",
        "\u{FFFD}\u{FFFD} bad UTF-8",
        "line\r\nbreak\rreturn\u{2028}separator\u{85}next", "^caret ~sub~ ==mark== [^1] [^1]: note",
        "---\ntitle: x\n---", "\u{E0041}\u{E0042} tags", "日本語 🎉 é e\u{301}",
        " leading and trailing ",
        "<br>**Caution:** pay now", "%%{init: {}}%%", "\"quoted\" 'single' \\\"escaped\\\"",
        "[ ] [x] task",
    ]

    /// What Jira's markup would take for its own.
    static let jiraLines: [String] = [
        "{noformat}x{noformat}", "{code:java}x{code} {noformat}", "a{noformat",
        "{panel}{quote}{color:red}",
        "h1. heading", "bq. quote", "* item", "# item", "- item", "||head||head||", "|cell|cell|",
        "[~root] [^file.txt] [#anchor] [link|http://evil.example]", "!image.png!", "!x|thumbnail!",
        ":) ;) :D :( (!) (x) (/) (on) (y) (*r) (flag)", ":smile: :P",
        "ABC-123 REDIS-1 CVE-2022-0543",
        "-deleted- +inserted+ ^up^ ~down~ ??cited??", "*bold* _it_ {{mono}}", "---- --- --",
        #"a\\b\*c"#, #"\\server\share\"#, #"C:\redis\dump.rdb"#,
        "mailto:me@evil.example", "{*}b{*}", "http://a.example/b_c",
        "}}", "{{", "{{{{x}}", "&#123;code&#125; &amp;#42;", "%%{init}%%", "a -- b", "x--y",
        "(c) (r) (tm)",
    ]

    /// The sample report with `line` in every place where a log can put it.
    static func report(_ line: String) -> Report {
        var report = SampleReport.report
        report.incidents[0].causes[0].evidence[0].quote = line
        report.incidents[0].causes[0].evidence[0].statement = line
        report.incidents[0].causes[0].statement = line
        report.incidents[0].timeline[1].quote = line
        report.incidents[0].timeline[1].text = line
        report.incidents[0].timeline[1].local = line
        report.incidents[0].facts[0].value = line
        report.incidents[0].facts[0].name = line
        report.incidents[0].persistence.statement = line
        report.incidents[0].verdict.statement = line
        report.incidents[0].trigger?.statement = line
        report.incidents[0].instance.host = line
        report.incidents[0].instance.log = line
        report.incidents[0].memory[0].values = [(name: line, value: 1)]
        report.inputs[0].facts.path = line
        report.inputs[0].facts.problems = [line]
        report.verdict = line
        return report
    }
}
