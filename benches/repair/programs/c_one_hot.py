"""One-hot encoding of mixed records with rare values put together."""

from collections import Counter


class Encoder:
    def __init__(self, minimum):
        self.minimum = minimum
        self.columns = []

    def fit(self, records):
        """Learn one column per number field and one per frequent text value."""
        fields = sorted({field for record in records for field in record})
        for field in fields:
            values = [record[field] for record in records if field in record]
            if all(isinstance(value, (int, float)) for value in values):
                self.columns.append((field, None))
                continue
            counts = Counter(str(value) for value in values)
            frequent = sorted(v for v, n in counts.items() if n >= self.minimum)
            self.columns.extend((field, value) for value in frequent)
            if len(frequent) < len(counts):
                self.columns.append((field, "*"))

    def names(self):
        return [field if value is None else f"{field}={value}" for field, value in self.columns]

    def encode(self, record):
        row = []
        known = set(self.columns)
        for field, value in self.columns:
            if field not in record:
                row.append(0)
            elif value is None:
                row.append(record[field])
            elif value == "*":
                row.append(0 if (field, str(record[field])) in known else 1)
            else:
                row.append(int(str(record[field]) == value))
        return row

    def decode(self, row):
        """Turn a row back into a record as far as that is possible."""
        record = {}
        for (field, value), cell in zip(self.columns, row):
            if value is None:
                record[field] = cell
            elif cell:
                record[field] = value
        return record


def one_hot(records, minimum=1, more=()):
    """Fit on records; return column names, encoded rows and decoded 'more' rows."""
    encoder = Encoder(minimum)
    encoder.fit(records)
    rows = [encoder.encode(record) for record in records]
    again = [encoder.decode(encoder.encode(record)) for record in more]
    return {"names": encoder.names(), "rows": rows, "again": again}
