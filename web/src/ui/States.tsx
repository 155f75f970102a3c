import { Alert, Button, Center, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { explain } from "./problems";

/** The three states that every page has besides its content. */

export function Loading({ rows = 4 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <Stack gap="xs" p="sm" role="status" aria-label={t("common.loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={14} width={`${92 - ((row * 23) % 45)}%`} radius="sm" />
      ))}
    </Stack>
  );
}

export function Empty({ children, icon, hint }: { children: ReactNode; icon?: ReactNode; hint?: ReactNode }) {
  return (
    <Center p="lg" style={{ flex: 1 }}>
      <Stack align="center" gap={4} maw={340}>
        <Text c="dimmed" aria-hidden lh={1}>
          {icon}
        </Text>
        <Text c="dimmed" size="sm" ta="center">
          {children}
        </Text>
        {hint && (
          <Text c="dimmed" size="xs" ta="center" style={{ textWrap: "balance" }}>
            {hint}
          </Text>
        )}
      </Stack>
    </Center>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  return (
    <Alert
      m="sm"
      color="red"
      variant="light"
      icon={<IconAlertTriangle size={18} />}
      title={t("error.title")}
      role="alert"
    >
      <Group justify="space-between" align="flex-end">
        <Text size="sm">{explain(error)}</Text>
        {retry && (
          <Button variant="default" onClick={retry}>
            {t("common.retry")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}

interface QueryLike<T> {
  data: T | undefined;
  error: unknown;
  isPending: boolean;
  refetch: () => unknown;
}

/** Loading, error or content: content that is there stays, even when a later refresh fails. */
export function Loaded<T>({
  query,
  rows,
  children,
}: {
  query: QueryLike<T>;
  rows?: number;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.error) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <Loading rows={rows} />;
}
