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
// Whoever has no mouse must be able to scroll what is wider than the screen.
window.addEventListener("load", () => {
  for (const box of document.querySelectorAll("figure.lab-figure div.picture, figure.interactive > div")) {
    if (box.scrollWidth > box.clientWidth) box.setAttribute("tabindex", "0");
  }
});
