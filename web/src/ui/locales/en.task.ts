export const task = {
  new: "New task",
  queue: "Queue",
  title: "What is to be done",
  text: "Details",
  due: "Promised until",
  customer: "For {{name}}",
  submit: "Create task",
  made: "Task created",
  dueAt: "promised until {{time}}",
} as const;
