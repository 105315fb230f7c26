// What the theme's pages lack for those who read them by ear.
document.addEventListener("DOMContentLoaded", () => {
  // The arrows that unfold the table of contents have no name: give them their entry's.
  for (const summary of document.querySelectorAll(".bd-sidebar-primary summary")) {
    const entry = summary.closest("li")?.querySelector("a");
    if (entry && !summary.textContent.trim()) summary.setAttribute("aria-label", `Sections of ${entry.textContent.trim()}`);
  }
  // A list of references says that its entries are references, and then they cannot be a list's items.
  for (const list of document.querySelectorAll(".citation-list[role=list]")) list.removeAttribute("role");
});
