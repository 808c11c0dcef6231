"""Every exception that QuickML raises on purpose.

    QuickMLError
    ├── ProblemsError          something is invalid; contains every Problem
    │   ├── DocumentError          a document
    │   │   └── FileImportingError     a server is reading a file that it names
    │   ├── SettingsError          the settings
    │   └── RequestError           the parameters or the body of a request
    ├── PatchError             a JSON Patch does not fit a document
    ├── StoredPlanError        a plan in the database cannot be read
    ├── DatasetError           the data is missing, damaged, or not what its description says
    │   ├── DatasetUnavailableError  a server cannot show the data
    │   └── SourceError            data of the user cannot be learned from; says where it is wrong
    │       ├── TableError             a table
    │       ├── PicturesError          pictures
    │       ├── ArraysError            arrays
    │       └── RecordingsError        recordings
    ├── TrainingError          training cannot continue (for example, the loss is no longer finite)
    │   └── CheckpointError        a checkpoint cannot be resumed from
    ├── ResultError            the result folder cannot be written
    ├── RoomError              a disk has too little room for a result
    ├── AnswersError           a file of answers is damaged or another file
    ├── InputError             an input does not fit the model
    │   └── PictureError           a file is not a picture that can be read
    ├── FilmError              a film of a training is damaged, or is not one
    ├── StoreError             the database cannot be opened, read or written
    ├── GpuError               this machine lacks GPUs that it is said to have
    ├── LauncherError          machines for workers cannot be had
    ├── JobError               a job failed, or a request cannot be carried out on it
    │   ├── JobNotFoundError       there is no such job, or it belongs to another owner
    │   ├── FilesDeletedError      the files of a job were deleted, because their time was over
    │   ├── JobFileError           a finished job does not have a file that newer jobs have
    │   ├── QueueFullError         a limit on queued jobs is reached
    │   ├── IdempotencyError       the idempotency key was used with another document
    │   ├── DiskFullError          too little disk space is free
    │   ├── TransitionError        the job's status does not allow this step
    │   ├── JobStateError          the request needs a job with another status
    │   ├── EventsLostError        the database lost events that it had confirmed
    │   └── FencedError            the attempt no longer holds the job and must not write
    ├── CrowdedError           too many event streams are open
    ├── DownloadsError         the owner has too many downloads open
    ├── ShareError             the owner's requests take as much of something as allowed
    ├── TokenError             a token cannot be created or found
    ├── OwnerError             an owner's name, or how long its jobs are to be kept, is wrong
    ├── LinkError              a signed link was changed or has expired
    ├── ServiceError           a server refused a request or sent an invalid response; raised by the client
    │   └── UnreachableError       the server cannot be reached, or the connection broke
    ├── UploadError            a file of a user cannot be uploaded, found or deleted
    ├── ArtifactError          a file cannot be stored or read
    │   ├── FilesAwayError         the store is elsewhere, and does not answer or lets nobody in
    │   ├── CopiesError            a disk of this machine has no room for copies of stored files, or fails
    │   ├── ArtifactNotFoundError  there is no file with this SHA-256
    │   └── ArtifactDamagedError   a stored file has changed
    └── CoreMLError
        ├── CompileError           a layer or setting cannot be written to the requested format
        ├── CoreMLFileError        a file is damaged, or is not a Core ML file
        │   └── UnsupportedModelError  a valid file contains something that the runtime cannot run
        └── VerificationError      an exported file does not compute the same as the trained model

Exceptions of other libraries are translated where they enter our code. Any other exception is a bug.
"""

from quickml.errors.base import (
    DocumentError,
    FileImportingError,
    PatchError,
    ProblemsError,
    QuickMLError,
    RequestError,
    SettingsError,
    StoredPlanError,
)
from quickml.errors.data import (
    AnswersError,
    ArraysError,
    CheckpointError,
    DatasetError,
    DatasetUnavailableError,
    FilmError,
    InputError,
    PictureError,
    PicturesError,
    RecordingsError,
    ResultError,
    RoomError,
    SourceError,
    TableError,
    TrainingError,
)
from quickml.errors.jobs import (
    CrowdedError,
    DiskFullError,
    DownloadsError,
    EventsLostError,
    FencedError,
    FilesDeletedError,
    GpuError,
    IdempotencyError,
    JobError,
    JobFileError,
    JobNotFoundError,
    JobStateError,
    LauncherError,
    LinkError,
    OwnerError,
    QueueFullError,
    ShareError,
    StoreError,
    TokenError,
    TransitionError,
)
from quickml.errors.models import (
    ArtifactDamagedError,
    ArtifactError,
    ArtifactNotFoundError,
    CompileError,
    CopiesError,
    CoreMLError,
    CoreMLFileError,
    FilesAwayError,
    UnsupportedModelError,
    VerificationError,
)
from quickml.errors.service import ServiceError, UnreachableError
from quickml.errors.uploads import (
    BusyUploadError,
    DigestError,
    FileInUseError,
    FileTooLargeError,
    InterruptedUploadError,
    OffsetError,
    QuotaError,
    TooManyFilesError,
    TooManyUploadsError,
    UploadCompleteError,
    UploadError,
    UploadLengthError,
    UploadNotFoundError,
)
from quickml.problems import Notice, Problem, unexpected

__all__ = [
    "AnswersError",
    "ArraysError",
    "ArtifactDamagedError",
    "ArtifactError",
    "ArtifactNotFoundError",
    "BusyUploadError",
    "CheckpointError",
    "CompileError",
    "CopiesError",
    "CoreMLError",
    "CoreMLFileError",
    "CrowdedError",
    "DatasetError",
    "DatasetUnavailableError",
    "DigestError",
    "DiskFullError",
    "DocumentError",
    "DownloadsError",
    "EventsLostError",
    "FencedError",
    "FileImportingError",
    "FileInUseError",
    "FileTooLargeError",
    "FilesAwayError",
    "FilesDeletedError",
    "FilmError",
    "GpuError",
    "IdempotencyError",
    "InputError",
    "InterruptedUploadError",
    "JobError",
    "JobFileError",
    "JobNotFoundError",
    "JobStateError",
    "LauncherError",
    "LinkError",
    "Notice",
    "OffsetError",
    "OwnerError",
    "PatchError",
    "PictureError",
    "PicturesError",
    "Problem",
    "ProblemsError",
    "QueueFullError",
    "QuickMLError",
    "QuotaError",
    "RecordingsError",
    "RequestError",
    "ResultError",
    "RoomError",
    "ServiceError",
    "SettingsError",
    "ShareError",
    "SourceError",
    "StoreError",
    "StoredPlanError",
    "TableError",
    "TokenError",
    "TooManyFilesError",
    "TooManyUploadsError",
    "TrainingError",
    "TransitionError",
    "UnreachableError",
    "UnsupportedModelError",
    "UploadCompleteError",
    "UploadError",
    "UploadLengthError",
    "UploadNotFoundError",
    "VerificationError",
    "unexpected",
]
