import { createRoot } from "react-dom/client";
import { Providers } from "../ui/Providers";
import { CustomerPage } from "./CustomerPage";

createRoot(document.getElementById("root")!).render(
  <Providers>
    <CustomerPage />
  </Providers>,
);
