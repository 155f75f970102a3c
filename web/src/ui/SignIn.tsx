import {
  Alert,
  Button,
  Center,
  Group,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { type FormEvent, type ReactNode, useEffect, useState, useSyncExternalStore } from "react";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";
import { Problem } from "../client/problem";
import { session } from "../client/session";
import { LookMenu } from "./LookMenu";
import { Loading } from "./States";
import { explain } from "./problems";

const STORED = "touchpoint.signin";

/** Shows its content to somebody signed in, else the form. A reload signs in again by the refresh cookie. */
export function SignedIn({ children }: { children: ReactNode }) {
  const status = useSyncExternalStore(session.subscribe, session.getStatus);
  useEffect(() => {
    if (session.status === "unknown") void session.refresh();
  }, []);
  if (status === "unknown")
    return (
      <Center h="100%">
        <div style={{ width: 320 }}>
          <Loading />
        </div>
      </Center>
    );
  return status === "in" ? children : <SignInForm />;
}

function SignInForm() {
  const { t } = useTranslation();
  const [known] = useState(
    () => JSON.parse(localStorage.getItem(STORED) ?? "{}") as { tenant?: string; email?: string },
  );
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const [tenant, email, password] = ["tenant", "email", "password"].map((name) => String(form.get(name)));
    setBusy(true);
    setError(null);
    try {
      await session.signIn(tenant!.trim(), email!.trim(), password!);
      localStorage.setItem(STORED, JSON.stringify({ tenant: tenant!.trim(), email: email!.trim() }));
    } catch (reason) {
      setError(reason);
      setBusy(false);
    }
  }

  return (
    <Center component="main" h="100%" p="md">
      <Stack w={360} gap="md">
        <Group justify="space-between">
          <Title order={1} size="h2">
            {t("signIn.title")}
          </Title>
          <LookMenu />
        </Group>
        <Text c="dimmed" size="sm" mt={-8}>
          {t("signIn.welcome")}
        </Text>
        <Paper withBorder p="lg" component="form" onSubmit={submit} aria-busy={busy}>
          <Stack gap="sm">
            <TextInput
              name="tenant"
              label={t("signIn.tenant")}
              placeholder={t("signIn.tenantHint")}
              size="sm"
              required
              defaultValue={known.tenant}
              autoComplete="organization"
              autoFocus={!known.tenant}
            />
            <TextInput
              name="email"
              type="email"
              label={t("signIn.email")}
              size="sm"
              required
              defaultValue={known.email}
              autoComplete="username"
            />
            <PasswordInput
              name="password"
              label={t("signIn.password")}
              size="sm"
              required
              autoComplete="current-password"
              autoFocus={Boolean(known.tenant)}
            />
            {error !== null && (
              <Alert color="red" role="alert">
                {refusal(error, t)}
              </Alert>
            )}
            <Button type="submit" loading={busy} size="sm" mt={4}>
              {t("signIn.submit")}
            </Button>
          </Stack>
        </Paper>
      </Stack>
    </Center>
  );
}

function refusal(error: unknown, t: TFunction): string {
  if (error instanceof Problem && error.status === 401) return t("signIn.wrong");
  if (error instanceof Problem && error.status === 429) return t("signIn.throttled");
  return explain(error);
}
