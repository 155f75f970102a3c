import type { why as english } from "./en.why";
import type { Texts } from "./texts";

export const why: Texts<typeof english> = {
  title: "为什么？",
  of: "为什么？{{name}}",
  waiting: "为什么还在等待",
  assigned: "为什么分配给 {{name}}",
  age: "已等待 {{age}}，优先量 {{headStart}}（{{tier}}）。",
  first: "在该队列中排第一位。",
  ahead: "该队列中有 {{count}} 个排在它前面。",
  overtaken: "它排在 {{count}} 个等待更久的请求之前。",
  overdue: "已超过承诺时限，因此优先处理。",
  keptFor: "为 {{name}} 保留。",
  nobody: "没有任何阻碍，即将派给坐席。",
  against: "各坐席为什么不能接",
  opens: "之后会自动发生的变化",
  opening: {
    visible: "{{in}} 后：班组 {{teams}} 也能看到。",
    skilled: "{{in}} 后：也接受其他技能：{{requirement}}。",
    on_shift: "{{in}} 后：{{name}} 的班次开始。",
    not_excluded: "{{in}} 后：可再次派给 {{name}}。",
    reserved: "最迟 {{in}} 后：不再为 {{name}} 保留。",
    promise: "{{in}} 后：超过承诺时限，将优先处理。",
  },
  how: {
    kept: "专为 {{name}} 保留，其为该客户的优先坐席。",
    idle: "在所有可接的坐席中，{{name}} 空闲时间最长。",
    busy: "无人空闲；{{name}} 尚有余量，且上次接单最早。",
    least_loaded: "在所有可接的坐席中，{{name}} 负荷最轻（{{score}}）。",
    best_skill: "在所有可接的坐席中，{{name}} 技能最高（{{score}}）。",
  },
  units: "占用 {{units}} 单位",
  levels: "技能等级合计 {{sum}}",
  strict: "此队列中客户等级先于等待时间。",
  lentTo: "已借给班组 {{teams}}。",
  runnersUp: "后备人选",
  policy: "策略版本 {{version}}",
};
