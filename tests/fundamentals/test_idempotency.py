"""An idempotency key: the same task is not put in twice."""

from musterq.queue.task_queue import TaskQueue


def test_a_key_gives_the_task_that_has_it(queue: TaskQueue):
    """The second enqueue writes nothing, and says so by ``created``."""
    first = queue.enqueue("invoice", {"order": 7}, idempotency_key="order-7")
    second = queue.enqueue("invoice", {"order": 7}, idempotency_key="order-7")
    assert (first.created, second.created) == (True, False)
    assert first.id == second.id
    assert len(queue.find()) == 1


def test_a_key_holds_after_the_task_has_finished(queue: TaskQueue):
    """As long as its row is there: asking twice for the same invoice sends one."""
    sent = []

    @queue.task(type="invoice")
    def invoice(order: int) -> None:
        sent.append(order)

    invoice.options(idempotency_key="order-7").enqueue(7)
    queue.drain()
    again = invoice.options(idempotency_key="order-7").enqueue(7)
    queue.drain()
    assert (again.created, again.status(), sent) == (False, "completed", [7])


def test_a_key_is_free_when_its_row_is_gone(queue: TaskQueue):
    """Deleting the task, by plain SQL too, frees the key."""
    first = queue.enqueue("invoice", idempotency_key="order-7")
    queue.database.execute("DELETE FROM task_queue WHERE id = ?", (first.id,))
    assert queue.enqueue("invoice", idempotency_key="order-7").created
