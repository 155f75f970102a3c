/** The widget's look. It is set as a constructed style sheet, which a page's `style-src` has no say in. */
export const STYLES = `
:host { all: initial; --colour: #1f5fbf; --on: #fff; --ink: #1b2430; --soft: #5a6572; --line: #d5dbe3;
  --ground: #fff; --raised: #f1f4f8; position: fixed; z-index: 2147483000; inset-block-end: 0;
  inset-inline-end: 0; font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC",
  "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; color: var(--ink); color-scheme: light; }
:host([hidden]) { display: none; }
*, ::before, ::after { box-sizing: border-box; }
button, input, textarea { font: inherit; color: inherit; }
button { cursor: pointer; border: 0; background: none; padding: 0; }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; box-shadow: 0 0 0 2px #fff; }
input:focus-visible, textarea:focus-visible { outline-width: 2px; outline-offset: -1px; box-shadow: none; }
svg { inline-size: 22px; block-size: 22px; fill: none; stroke: currentColor; stroke-width: 1.8;
  stroke-linecap: round; stroke-linejoin: round; display: block; }

.launcher { position: fixed; inset-block-end: calc(20px + env(safe-area-inset-bottom));
  inset-inline-end: calc(20px + env(safe-area-inset-right)); inline-size: 56px; block-size: 56px;
  border-radius: 50%; background: var(--colour); color: var(--on); display: grid; place-items: center;
  box-shadow: 0 4px 16px rgb(0 0 0 / .28); transition: transform .15s; }
.launcher:hover { transform: scale(1.05); }
.launcher svg { inline-size: 28px; block-size: 28px; }
.left .launcher { inset-inline: calc(20px + env(safe-area-inset-left)) auto; }
.badge { position: absolute; inset-block-start: -4px; inset-inline-end: -4px; min-inline-size: 22px;
  block-size: 22px; padding: 0 6px; border-radius: 11px; background: #b3141d; color: #fff;
  font-size: 13px; line-height: 22px; text-align: center; }

.panel { position: fixed; inset: auto; inset-block-end: calc(88px + env(safe-area-inset-bottom));
  inset-inline-end: calc(20px + env(safe-area-inset-right)); margin: 0; padding: 0; border: 0;
  inline-size: 376px; max-inline-size: calc(100vw - 40px); block-size: 600px;
  max-block-size: calc(100vh - 108px); border-radius: 14px; overflow: hidden; background: var(--ground);
  color: var(--ink); box-shadow: 0 8px 40px rgb(0 0 0 / .3); flex-direction: column; }
.panel[open] { display: flex; animation: rise .18s ease-out; }
.left .panel { inset-inline: calc(20px + env(safe-area-inset-left)) auto; }
@keyframes rise { from { opacity: 0; transform: translateY(12px); } }

header { display: flex; align-items: center; gap: 4px; padding: 12px 10px 12px 16px; flex: none;
  background: var(--colour); color: var(--on); }
header :focus-visible { outline-color: var(--on); box-shadow: none; outline-offset: -2px; }
h2 { margin: 0; flex: 1; font-size: 17px; font-weight: 600; overflow-wrap: anywhere; }
.icon { inline-size: 40px; block-size: 40px; flex: none; display: grid; place-items: center;
  border-radius: 8px; }
.icon:hover { background: rgb(127 127 127 / .18); }
.text { padding: 6px 10px; border-radius: 8px; text-decoration: underline; text-align: start; }

[role="status"] { padding: 6px 16px; font-size: 13px; color: var(--soft); min-block-size: 31px; flex: none; }
[role="status"].bad { background: #fdf0d5; color: #5c3b00; }
.page { flex: 1; min-block-size: 0; display: flex; flex-direction: column; }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 14px 16px 4px; }
.bubble { max-inline-size: 84%; inline-size: fit-content; margin-block-end: 10px; }
.bubble.mine { margin-inline-start: auto; }
.words { padding: 8px 12px; border-radius: 12px; background: var(--raised); white-space: pre-wrap;
  overflow-wrap: anywhere; }
.mine .words { background: var(--colour); color: var(--on); }
.words a { color: inherit; }
blockquote { margin: 0 0 3px; padding: 2px 8px; border-inline-start: 3px solid var(--colour); font-size: 13px;
  color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.answers { display: flex; flex-wrap: wrap; gap: 6px; margin-block-end: 10px; }
.answers button { padding: 8px 14px; min-block-size: 36px; border: 1px solid var(--soft); border-radius: 18px;
  overflow-wrap: anywhere; text-align: start; }
.answers button:hover { background: var(--raised); }
.facts { font-size: 12px; color: var(--soft); padding: 2px 4px; }
.mine .facts { text-align: end; }
.facts.bad { color: #a3121a; }
.facts button { text-decoration: underline; color: inherit; }
.file { display: inline-flex; gap: 6px; align-items: center; padding: 6px 8px; margin-block-start: 4px;
  border: 1px solid var(--line); border-radius: 8px; background: var(--ground); color: var(--ink);
  overflow-wrap: anywhere; text-align: start; }
.file svg { flex: none; }

.composer { border-block-start: 1px solid var(--line); padding: 8px; flex: none;
  padding-block-end: calc(8px + env(safe-area-inset-bottom)); }
.row { display: flex; align-items: flex-end; gap: 2px; }
textarea, input { inline-size: 100%; padding: 9px 12px; border: 1px solid #7b8794; border-radius: 10px;
  background: var(--ground); font-size: 16px; }
textarea { resize: none; max-block-size: 120px; min-block-size: 42px; field-sizing: content; }
.send { background: var(--colour); color: var(--on); margin-inline-start: 4px; }
.send:hover { background: var(--colour); }
.send:disabled { opacity: .45; cursor: default; }
.pills { display: flex; flex-wrap: wrap; gap: 6px; padding: 0 4px 6px; }
.pills:empty { display: none; }
.emojis { display: grid; grid-template-columns: repeat(8, 1fr); padding: 2px 4px 8px; }
.emojis[hidden] { display: none; }
.emojis button { font-size: 22px; line-height: 1; padding: 6px 0; border-radius: 8px; }
.emojis button:hover { background: var(--raised); }

.form { overflow-y: auto; overscroll-behavior: contain; padding: 16px;
  padding-block-end: calc(16px + env(safe-area-inset-bottom)); flex: 1; }
.form h3 { margin: 0 0 4px; font-size: 16px; }
.form p { margin: 0 0 12px; color: var(--soft); overflow-wrap: anywhere; white-space: pre-wrap; }
label { display: block; margin-block-end: 12px; font-size: 14px; font-weight: 600; }
label > * { margin-block-start: 4px; font-weight: 400; }
.form textarea { min-block-size: 92px; }
.wrong { display: block; color: #a3121a; font-size: 13px; font-weight: 400; }
.submit { display: block; inline-size: 100%; padding: 11px; border-radius: 10px; background: var(--colour);
  color: var(--on); font-weight: 600; }
.submit:disabled { opacity: .6; }
.hint { padding: 0 16px 8px; }

@media (max-width: 480px) {
  .panel, .left .panel { inset: 0; inset-block-start: var(--top, 0); inline-size: 100vw;
    max-inline-size: none; block-size: var(--height, 100dvh); max-block-size: none; border-radius: 0; }
  header { padding-block-start: calc(12px + env(safe-area-inset-top)); }
}
@media (prefers-reduced-motion: reduce) {
  .panel[open] { animation: none; }
  .launcher { transition: none; }
  .launcher:hover { transform: none; }
}
@media (forced-colors: active) {
  .launcher, .send, .submit, .words, .panel { border: 1px solid; }
}
`;
