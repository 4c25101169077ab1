/* page_css: the style of pages, page.css. */
#ifndef ASSAY_PAGE_CSS_H
#define ASSAY_PAGE_CSS_H

extern const char page_css[];

#endif
