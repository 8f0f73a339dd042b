/** The page of a batch: it follows the batch until its end, and then shows all of it anew. */

import { follow } from "./progress.js";

follow(document.getElementById("batch"), () => location.reload());
