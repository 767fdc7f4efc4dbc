"""The page Lesson: six steps in the browser."""
