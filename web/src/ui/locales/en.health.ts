/** How channel accounts are, on the wallboard. */
export const health = {
  title: "Channels",
  none: "No channel is set up.",
  channel: "Channel",
  last: "Last event",
  events: "Last hour",
  lag: "Delay",
  errors: "Failed",
  signatures: "Wrong signatures",
  state: "State",
  silent: "Silent",
  well: "Well",
  test: "Test",
  testOf: "Test {{endpoint}}",
  cameThrough: "Came through in {{seconds}} s",
  notThrough: "Did not come through: {{problem}}",
  circuit: {
    open: "Not reached",
    resting: "Slowed down",
  },
  listener: {
    listening: "Listening",
    failing: "Not connected",
    nobody: "Nobody listens",
  },
  alarm: {
    silent: "Nothing has come since {{time}}, which is unusual",
    listener: "Nothing is heard from it: {{reason}}",
    signatures: "{{count}} requests with a wrong signature in an hour",
    errors: "{{rate}} of what was sent in the last hour failed",
  },
} as const;
