import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { Providers } from "../ui/Providers";
import { SignedIn } from "../ui/SignIn";
import { DeskPage } from "./DeskPage";
import { DeskProvider } from "./desk";

const root = createRootRoute({
  component: () => (
    <SignedIn>
      <DeskProvider>
        <DeskPage />
      </DeskProvider>
    </SignedIn>
  ),
});
const home = createRoute({ getParentRoute: () => root, path: "/" });
const interaction = createRoute({ getParentRoute: () => root, path: "/interactions/$id" });
const router = createRouter({
  routeTree: root.addChildren([home, interaction]),
  history: createHashHistory(),
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}

createRoot(document.getElementById("root")!).render(
  <Providers>
    <RouterProvider router={router} />
  </Providers>,
);
