import { Group, Paper, Text } from "@mantine/core";
import type { ReactNode } from "react";

export function Box({
  title,
  icon,
  height,
  children,
}: {
  title: string;
  icon: ReactNode;
  height?: number;
  children: ReactNode;
}) {
  return (
    <Paper
      component="section"
      aria-label={title}
      withBorder
      p="md"
      mih={height}
      style={{ display: "flex", flexDirection: "column", gap: 10 }}
    >
      <Group gap={8} wrap="nowrap">
        {icon}
        <Text component="h2" m={0} fw={600} size="lg">
          {title}
        </Text>
      </Group>
      {children}
    </Paper>
  );
}
