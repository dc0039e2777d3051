"""Why a task is not running, or ended as it did."""
