// The style of the error page. A constant: the page's security policy names its hash.

export const PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b1f24;--dim:#626b76;--line:#dfe3e8;--bad:#c0262d;--badbg:#fdecec;--link:#0a5bc4;--kw:#8a2fa8;--str:#1c7a3d;--num:#a25300;--call:#0b6a8f}
@media (prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1c2026;--ink:#e7eaee;--dim:#98a2ae;--line:#2f353d;--bad:#ff7b7f;--badbg:#3a1e22;--link:#79b4ff;--kw:#d69bf0;--str:#86d3a0;--num:#f0b673;--call:#7fd0ee}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px}
.error{background:var(--card);border:1px solid var(--line);border-top:3px solid var(--bad);border-radius:6px;padding:20px;margin:0 0 16px}
.error .error{margin:20px 0 0}
h1,h2{display:inline;font-size:20px;color:var(--bad);margin:0}
h2{font-size:17px}
.code{margin-left:10px;padding:2px 7px;border:1px solid var(--line);border-radius:4px;font-size:12px;color:var(--dim)}
.message{font-size:18px;margin:6px 0 0;white-space:pre-wrap;overflow-wrap:anywhere}
.relation,.dim,.folded,footer{color:var(--dim);margin:0 0 6px}
.said{margin:10px 0 0;overflow-wrap:anywhere}
.said b{color:var(--str)}
a{color:var(--link)}
.frames{list-style:none;margin:18px 0 0;padding:0;border-top:1px solid var(--line)}
.frames>li{border-bottom:1px solid var(--line)}
.frames>li.folded,.frame,summary{padding:7px 4px;margin:0;overflow-wrap:anywhere}
summary{cursor:pointer}
summary:hover{background:var(--bg)}
.function{font-weight:600}
.place{color:var(--dim);font-family:ui-monospace,monospace;font-size:12.5px}
pre{margin:0 0 10px;padding:8px 0;background:var(--bg);border-radius:4px;overflow-x:auto;font:13px/1.55 ui-monospace,monospace;tab-size:2}
.line{display:block;padding-right:12px;min-width:max-content}
.line i{display:inline-block;width:56px;padding-right:14px;text-align:right;color:var(--dim);font-style:normal;user-select:none}
.failing{background:var(--badbg)}
mark{background:none;color:inherit;border-bottom:2px solid var(--bad)}
.keyword{color:var(--kw)}.string{color:var(--str)}.number,.constant{color:var(--num)}.comment{color:var(--dim)}.call,.type{color:var(--call)}
dl{display:grid;grid-template-columns:minmax(0,max-content) minmax(0,1fr);gap:2px 14px;margin:10px 0;font:13px/1.5 ui-monospace,monospace}
dt{color:var(--link);overflow-wrap:anywhere}
dd{margin:0;overflow-wrap:anywhere}
.crumbs{margin:0 0 16px}
.crumbs ol{padding-left:22px;margin:4px 0}
footer{font:12px ui-monospace,monospace;overflow-wrap:anywhere}
`;
