// The style of the pages: one file, light and dark by what the system says, and as wide as the screen is.

/** The style sheet. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b1f24;--dim:#5c6570;--line:#dfe3e8;--bad:#b3222a;--badbg:#fdecec;--good:#17693a;--goodbg:#e3f4ea;--warn:#8a5300;--link:#0a5bc4;--focus:#0a5bc4;
--c0:#0a6fd6;--c1:#c2571a;--c2:#1b8a5a;--c3:#8f3fb5;--c4:#b8860b;--c5:#c2326b;--c6:#13808f;--c7:#5c6570}
@media (prefers-color-scheme:dark){:root{--bg:#14171b;--card:#1c2026;--ink:#e7eaee;--dim:#a0aab6;--line:#2f353d;--bad:#ff8a8d;--badbg:#3a1e22;--good:#7fd6a2;--goodbg:#183225;--warn:#f0b673;--link:#85baff;--focus:#85baff;
--c0:#5aa9ff;--c1:#ff9d5c;--c2:#4fcf93;--c3:#cf93f0;--c4:#e6c052;--c5:#ff85b0;--c6:#55cfdf;--c7:#a0aab6}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
a{color:var(--link);text-decoration:none}
a:hover{text-decoration:underline}
:focus-visible{outline:2px solid var(--focus);outline-offset:2px;border-radius:2px}
code,pre,.place,dl,time,.number{font-variant-numeric:tabular-nums}
code,pre,dl{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:13px}
.skip{position:absolute;left:-9999px;top:0;background:var(--card);padding:8px 12px;z-index:2}
.skip:focus{left:8px}
.away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.top{display:flex;flex-wrap:wrap;gap:4px 24px;align-items:center;background:var(--card);border-bottom:1px solid var(--line);padding:0 20px}
.brand{font-weight:700;color:var(--ink);padding:12px 0}
.brand span{font-weight:400;color:var(--dim)}
.top nav{display:flex;flex-wrap:wrap;gap:4px}
.top nav a{padding:12px 10px;color:var(--dim);border-bottom:2px solid transparent}
.top nav a:hover{color:var(--ink);text-decoration:none}
.top nav a[aria-current]{color:var(--ink);border-bottom-color:var(--link)}
main{max-width:1240px;margin:0 auto;padding:20px}
h1{font-size:22px;line-height:1.3;margin:0 0 12px;overflow-wrap:anywhere}
h2{font-size:16px;margin:0 0 8px}
h3{font-size:14px;margin:14px 0 4px}
small{font-size:13px;font-weight:400;color:var(--dim)}
section{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:0 0 16px}
.bar{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:center;margin:0 0 12px}
.bar h1,.bar h2{margin:0;flex:1 1 auto}
.ranges{display:flex;border:1px solid var(--line);border-radius:6px;overflow:hidden;background:var(--card)}
.ranges a{padding:4px 10px;border-right:1px solid var(--line);color:var(--dim)}
.ranges a:last-child{border-right:0}
.ranges a[aria-current]{background:var(--link);color:var(--card)}
.ranges a:focus-visible{outline-offset:-3px}
.button,button{font:inherit;padding:4px 12px;border:1px solid var(--line);border-radius:6px;background:var(--card);color:var(--ink);cursor:pointer}
button{background:var(--link);border-color:var(--link);color:var(--card)}
button:hover,.button:hover{filter:brightness(1.08);text-decoration:none}
input,select{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:6px;padding:5px 10px;min-width:0}
.ask{display:flex;flex-wrap:wrap;gap:8px;align-items:center;margin:0 0 16px}
.ask label{color:var(--dim)}
.ask input[name=query]{flex:1 1 320px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:14px;padding:7px 10px}
.ask .note{flex-basis:100%;margin:0;display:flex;flex-wrap:wrap;gap:2px 14px}
.filters{display:flex;flex-wrap:wrap;gap:8px 12px;align-items:end;margin:0 0 16px}
.filters label{display:flex;flex-direction:column;flex:0 1 auto}
.filters span{font-size:13px;color:var(--dim)}
.filters input{width:170px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th{font-size:13px;font-weight:500;color:var(--dim);text-align:left;white-space:nowrap}
th,td{padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
tbody tr:last-child>td{border-bottom:0}
td{white-space:nowrap}
td.wrap{white-space:normal;overflow-wrap:anywhere;min-width:160px}
.number{text-align:right}
.number+td:not(.number),.number+th:not(.number){padding-left:10px}
.links a{margin-right:10px}
.note{color:var(--dim);margin:6px 0;overflow-wrap:anywhere}
.bad{color:var(--bad)}
.note.bad{white-space:pre-wrap}
.place{color:var(--dim);overflow-wrap:anywhere}
.state{display:inline-block;font-size:12px;line-height:1.6;padding:0 8px;border-radius:10px;border:1px solid var(--line);color:var(--dim);white-space:nowrap}
.state.up{color:var(--good);background:var(--goodbg);border-color:transparent}
.state.down{color:var(--bad);background:var(--badbg);border-color:transparent;font-weight:600}
.facts{display:flex;flex-wrap:wrap;gap:4px 18px;align-items:baseline;margin:0 0 12px;color:var(--dim);overflow-wrap:anywhere}
.facts b{color:var(--ink)}
.message{white-space:pre-wrap;overflow-wrap:anywhere}
p.message{font-size:17px;margin:0 0 8px}
.errors,.logs,.legend,.frames,.history{list-style:none;margin:0;padding:0}
.errors>li{padding:8px 0;border-bottom:1px solid var(--line)}
.errors>li:last-child{border-bottom:0}
.errors p{margin:0}
.error-head{overflow-wrap:anywhere}
summary{cursor:pointer;color:var(--link);width:max-content}
.frames>li{padding:5px 0 5px 10px;border-left:3px solid var(--line);margin:4px 0;overflow-wrap:anywhere}
.frames>li.own{border-left-color:var(--link)}
.frames>li.foreign code{color:var(--dim)}
dl{margin:4px 0;display:grid;grid-template-columns:fit-content(38%) minmax(0,1fr);gap:1px 14px}
dl div{display:contents}
dt{color:var(--dim);overflow-wrap:anywhere}
dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;max-height:480px;overflow-y:auto}
.history li{padding:2px 0}
.history time{color:var(--dim)}
.logs>li{display:flex;flex-wrap:wrap;gap:0 12px;padding:3px 0 3px 8px;border-left:3px solid var(--line);border-bottom:1px solid var(--line);font:13px/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.logs>li:last-child{border-bottom:0}
.logs time,.logs .severity{color:var(--dim)}
.logs .severity{width:46px;overflow:hidden}
.logs .text{flex:1 1 300px;overflow-wrap:anywhere;white-space:pre-wrap}
.logs .said{color:var(--dim)}
.logs details{flex-basis:auto}
.logs details[open]{flex-basis:100%}
.logs .bad{border-left-color:var(--bad);color:inherit}
.logs .bad .severity{color:var(--bad);font-weight:600}
.logs .warn{border-left-color:var(--warn)}
.logs .warn .severity{color:var(--warn)}
.logs .faint .text{color:var(--dim)}
.chart{display:block;width:100%;height:auto;min-height:200px}
.grid{stroke:var(--line);stroke-width:1}
.tick{fill:var(--dim);font-size:12px}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round;vector-effect:non-scaling-stroke}
.dashed{stroke-dasharray:6 4}
.s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}.s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}
.line:hover{stroke-width:4}
.legend{display:grid;gap:2px;margin-top:8px}
.legend li{overflow-wrap:anywhere}
.swatch{width:24px;height:8px;vertical-align:middle;margin-right:6px}
.swatch .line{stroke-width:3}
.k0{fill:var(--c0)}.k1{fill:var(--c1)}.k2{fill:var(--c2)}.k3{fill:var(--c3)}.k4{fill:var(--c4)}.k5{fill:var(--c5)}.k6{fill:var(--c6)}.k7{fill:var(--c7)}
.dot{display:inline-block;width:9px;height:9px;border-radius:50%;margin-right:7px}
.dot.k0{background:var(--c0)}.dot.k1{background:var(--c1)}.dot.k2{background:var(--c2)}.dot.k3{background:var(--c3)}.dot.k4{background:var(--c4)}.dot.k5{background:var(--c5)}.dot.k6{background:var(--c6)}.dot.k7{background:var(--c7)}
.waterfall td,.waterfall th{padding-top:4px;padding-bottom:4px}
.waterfall .time{width:50%;min-width:180px}
.waterfall th.time{display:table-cell}
.waterfall th.time span{display:inline-block;width:33.3%}
.waterfall th.time span:nth-child(2){text-align:center}
.waterfall th.time span:nth-child(3){text-align:right}
.waterfall svg{display:block;width:100%;height:12px;margin-top:6px;background:linear-gradient(var(--line),var(--line)) center/100% 1px no-repeat}
.operation{max-width:420px;overflow:hidden;text-overflow:ellipsis}
.aside{opacity:.75}
tr.open>td{background:var(--bg)}
tr.detail>td{white-space:normal;background:var(--bg);padding:8px 12px 14px}
.d1{padding-left:14px}.d2{padding-left:28px}.d3{padding-left:42px}.d4{padding-left:56px}.d5{padding-left:70px}.d6{padding-left:84px}.d7{padding-left:98px}.d8{padding-left:112px}.d9{padding-left:126px}.d10{padding-left:140px}.d11{padding-left:154px}.d12{padding-left:168px}
.foot{max-width:1240px;margin:0 auto;padding:0 20px 24px;color:var(--dim);font-size:13px}
@media (max-width:640px){
main{padding:12px}.top{padding:0 12px;gap:0 24px}.top nav{gap:0}.top nav a{padding:10px 8px}.top nav a:first-child{padding-left:0}section{padding:12px;border-radius:6px}
.filters label,.filters input,.filters select{flex:1 1 100%;width:100%}
dl{grid-template-columns:minmax(0,1fr);gap:0}
.operation{max-width:150px}
.waterfall tr>:first-child:not([colspan]){font-size:0;padding-right:0}
.waterfall .time{min-width:96px;width:40%}
.waterfall th.time span{width:50%}
.waterfall th.time span:nth-child(2){display:none}
.d5,.d6,.d7,.d8,.d9,.d10,.d11,.d12{padding-left:60px}
}
@media (prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media print{.top,.ask,.filters,.ranges,.button{display:none}section{break-inside:avoid;border:0}}
`;
