// sphinx-tippy writes the tooltips of a page as calls of tippy(link, {content, …}). Tippy.js itself would be
// fetched from another host, so the calls are answered by Bootstrap's popover, which the theme brings along.
window.tippy = (link, { content, onShow }) => {
  link.classList.add("has-tip");
  link.removeAttribute("title"); // else it stands above the content, which says the same
  const popover = new bootstrap.Popover(link, {
    content,
    html: true,
    sanitize: false, // the content is the book's own
    trigger: "hover focus",
    placement: "auto",
    delay: { show: 200, hide: 100 },
    customClass: "book-tip",
    container: "body",
  });
  link.addEventListener("inserted.bs.popover", () => {
    popover.tip.querySelectorAll("[id]").forEach((copy) => copy.removeAttribute("id"));
    popover.tip.querySelectorAll(".headerlink").forEach((mark) => mark.remove());
    if (onShow) onShow({ popper: popover.tip });
  });
  link.addEventListener("keydown", (event) => {
    if (event.key === "Escape") popover.hide();
  });
};
