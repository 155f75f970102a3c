import { createRoot } from "react-dom/client";
import { Providers } from "../ui/Providers";
import { SignedIn } from "../ui/SignIn";
import { Wallboard } from "./Wallboard";

createRoot(document.getElementById("root")!).render(
  <Providers>
    <SignedIn>
      <Wallboard />
    </SignedIn>
  </Providers>,
);
