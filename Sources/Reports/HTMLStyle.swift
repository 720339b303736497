// SPDX-License-Identifier: Apache-2.0

/// The style of a page: light and dark, for screens of any width and for paper.
enum HTMLStyle {
    static let text = colours + layout + timeline + chart + paper

    private static let colours = """
        :root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--page:#fff;
        --sheet:#f6f8fa;--link:#0757b8;--failure:#b3261e;--warning:#8a5300;--recovery:#176e33;
        --plain:#57606a;--failure-sheet:#fdecea;--warning-sheet:#fdf3e0;--recovery-sheet:#e7f6ec;
        --s0:#0757b8;--s1:#8250df;--s2:#0a7a75;--s3:#a83a6b;--s4:#5c6b00;--s5:#b3261e;--s6:#8a5300;
        --s7:#444c56}
        @media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa4af;--line:#343b43;
        --page:#14171b;--sheet:#1d2127;--link:#78b6ff;--failure:#ff8a80;--warning:#f0b95a;
        --recovery:#6fd08c;--plain:#9aa4af;--failure-sheet:#35191a;--warning-sheet:#33270f;
        --recovery-sheet:#14301d;--s0:#78b6ff;--s1:#c3a1ff;--s2:#5fd0c8;--s3:#f592bd;--s4:#c3d04c;
        --s5:#ff8a80;--s6:#f0b95a;--s7:#c2c9d1}}

        """

    private static let layout = """
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0 auto;padding:1.5rem 1.25rem 4rem;max-width:64rem;background:var(--page);
        color:var(--ink);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
        overflow-wrap:anywhere}
        header{border-bottom:2px solid var(--ink);margin-bottom:1rem;padding-bottom:.75rem}
        .brand{margin:0;color:var(--soft);font-size:.8125rem;letter-spacing:.06em;
        text-transform:uppercase}
        h1{font-size:1.6rem;line-height:1.25;margin:.25rem 0 0}
        h2{font-size:1.25rem;margin:2.25rem 0 .5rem;padding-bottom:.25rem;
        border-bottom:1px solid var(--line)}
        h3{font-size:1.05rem;margin:1.5rem 0 .4rem}
        h4,h5,h6{font-size:1rem;margin:1.25rem 0 .3rem}
        p,ul,ol,dl,figure{margin:.6rem 0}
        a{color:var(--link)}
        a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{
        outline:2px solid var(--link);outline-offset:2px}
        .skip{position:absolute;left:-99rem}
        .skip:focus{position:static}
        nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;padding:0;
        font-size:.9rem}
        dl>div{display:grid;grid-template-columns:9.5rem 1fr;gap:0 1rem;padding:.45rem .75rem;
        border-left:4px solid transparent;border-bottom:1px solid var(--line)}
        dl>div:last-child{border-bottom:0}
        dt{font-weight:600}
        dd{margin:0}
        dl>.failure{border-left-color:var(--failure);background:var(--failure-sheet)}
        dl>.warning{border-left-color:var(--warning);background:var(--warning-sheet)}
        dl>.recovery{border-left-color:var(--recovery);background:var(--recovery-sheet)}
        strong.failure{color:var(--failure)}
        strong.warning{color:var(--warning)}
        strong.recovery{color:var(--recovery)}
        strong.muted{color:var(--soft)}
        code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.875em}
        p code,li code,dd code{background:var(--sheet);padding:.1em .3em;border-radius:3px}
        pre{margin:0;padding:.7rem .9rem;background:var(--sheet);border:1px solid var(--line);
        border-radius:6px;overflow-x:auto;overflow-wrap:normal;line-height:1.45}
        pre code{background:none;padding:0;font-size:1em}
        .shell pre{border-left:4px solid var(--link);white-space:pre-wrap;overflow-wrap:anywhere}
        figcaption{color:var(--soft);font-size:.8125rem;margin-bottom:.2rem}
        figure:target pre{border-color:var(--link);box-shadow:0 0 0 2px var(--link)}
        .note{padding:.6rem .9rem;border-left:4px solid var(--plain);background:var(--sheet)}
        .note.warning{border-left-color:var(--warning);background:var(--warning-sheet)}
        details{border:1px solid var(--line);border-radius:6px;margin:.75rem 0;padding:0 .9rem}
        details[open]{padding-bottom:.5rem}
        summary{cursor:pointer;margin:0 -.9rem;padding:.55rem .9rem}
        summary>*{display:inline;margin:0;padding:0;border:0}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-size:.9rem}
        th,td{text-align:left;vertical-align:top;padding:.3rem .9rem .3rem 0;
        border-bottom:1px solid var(--line)}
        .number{text-align:right;font-variant-numeric:tabular-nums}
        footer{margin-top:3rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8125rem}
        @media (max-width:40rem){body{padding:1rem .9rem 3rem}
        h1{font-size:1.3rem}
        dl>div{grid-template-columns:1fr}
        pre{font-size:.8125rem}}

        """

    private static let timeline = """
        .timeline>.label{font-size:.875rem;color:var(--soft);margin-right:.6rem}
        .timeline>input{position:absolute;opacity:0}
        .timeline>label{display:inline-block;font-size:.875rem;margin:.2rem .4rem .2rem 0;
        padding:.15rem .75rem;border:1px solid var(--line);border-radius:1rem;cursor:pointer;
        color:var(--soft);text-decoration:line-through}
        .timeline>input:checked+label{background:var(--sheet);color:var(--ink);text-decoration:none}
        .timeline>input:checked+label::before{content:"✓ "}
        .timeline>input:focus-visible+label{outline:2px solid var(--link);outline-offset:2px}
        .timeline .count{color:var(--soft)}
        .show-failure:not(:checked)~.events>.failure,.show-warning:not(:checked)~.events>.warning,
        .show-recovery:not(:checked)~.events>.recovery,.show-plain:not(:checked)~.events>.plain,
        .show-plain:not(:checked)~.events>.muted{display:none}
        .events{list-style:none;padding:0;border-left:2px solid var(--line);margin-left:.4rem}
        .events>li{position:relative;display:grid;grid-template-columns:10.5rem 1fr;gap:0 1rem;
        padding:.35rem 0 .35rem 1.1rem}
        .events>li::before{content:"";position:absolute;left:-7px;top:.75rem;width:12px;height:12px;
        border-radius:50%;background:var(--plain);border:2px solid var(--page)}
        .events>.failure::before{background:var(--failure)}
        .events>.warning::before{background:var(--warning)}
        .events>.recovery::before{background:var(--recovery)}
        .events>.date,.events>.omitted{display:block;color:var(--soft)}
        .events>.date::before,.events>.omitted::before{display:none}
        .when{font-variant-numeric:tabular-nums;font-size:.9rem}
        .local{display:block;color:var(--soft);font-size:.8125rem}
        .what .label{font-size:.75rem;font-weight:700;letter-spacing:.04em}
        .failure .label{color:var(--failure)}
        .warning .label{color:var(--warning)}
        .recovery .label{color:var(--recovery)}
        .source{color:var(--soft);font-size:.8125rem}
        a.source{color:var(--link)}
        .line{display:block;margin-top:.2rem;white-space:pre-wrap}
        @media (max-width:40rem){.events>li{grid-template-columns:1fr}
        .local{display:inline;margin-left:.5rem}}

        """

    private static let chart = """
        .chart svg{display:block;width:100%;min-width:40rem;height:auto;font-size:13px}
        .chart text{fill:var(--soft)}
        .chart .end{text-anchor:end}
        .chart .middle{text-anchor:middle}
        .chart text.within{fill:var(--page);font-weight:600}
        .chart .grid{stroke:var(--line)}
        .chart .axis{stroke:var(--soft)}
        .chart polyline{fill:none;stroke-width:2;stroke-linejoin:round}
        .chart .limit{stroke-dasharray:7 5}
        .chart rect.failure,.chart circle.mark.failure{fill:var(--failure)}
        .chart rect.warning,.chart circle.mark.warning{fill:var(--warning)}
        .chart rect.recovery,.chart circle.mark.recovery{fill:var(--recovery)}
        .chart circle.mark.muted{fill:var(--soft)}
        .chart line.mark{stroke-dasharray:2 3;opacity:.55}
        .chart line.failure{stroke:var(--failure)}
        .chart line.warning{stroke:var(--warning)}
        .chart line.recovery{stroke:var(--recovery)}
        .legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0;
        font-size:.875rem}
        .swatch{display:inline-block;width:1.4rem;margin-right:.4rem;vertical-align:.25em;
        border-top:3px solid}
        .swatch.limit{border-top-style:dashed}

        """
        + (0..<8).map { i in
            ".chart polyline.s\(i){stroke:var(--s\(i))}.chart circle.s\(i){fill:var(--s\(i))}"
                + ".swatch.s\(i){border-color:var(--s\(i))}\n"
        }.joined()

    private static let paper = """
        @media print{:root{color-scheme:light}
        body{max-width:none;padding:0;font-size:10pt}
        nav,.skip,.timeline>input,.timeline>label,.timeline>.label{display:none}
        pre{white-space:pre-wrap;overflow-wrap:anywhere}
        details{border:0;padding:0}
        details::details-content{content-visibility:visible;block-size:auto}
        figure,.events>li,dl>div{break-inside:avoid}
        h2,h3{break-after:avoid}
        .chart svg{min-width:0}}
        @media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
        """
}
