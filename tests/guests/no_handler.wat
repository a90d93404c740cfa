;; A component that exports nothing, so it is no function.
(component)
