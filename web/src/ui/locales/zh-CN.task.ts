import type { task as english } from "./en.task";
import type { Texts } from "./texts";

export const task: Texts<typeof english> = {
  new: "新建任务",
  queue: "队列",
  title: "要做什么",
  text: "详细说明",
  due: "承诺完成时间",
  customer: "客户：{{name}}",
  submit: "创建任务",
  made: "任务已创建",
  dueAt: "承诺于 {{time}} 前完成",
};
